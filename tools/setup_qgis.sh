#!/bin/sh
# Makes sure that SYSTEM_PYTHON sees QGIS >= 3.40 and can make environments. On Debian it installs what is missing:
# Debian 12 from bookworm-backports, later ones from their own suite, by the mirror that the machine's own sources name.
# Elsewhere any QGIS that is installed counts.
set -eu
python=${SYSTEM_PYTHON:-/usr/bin/python3}

stop() {
    echo "$*" >&2
    exit 1
}

qgis_version() { # 34006 3.40.6-Bratislava
    QT_QPA_PLATFORM=offscreen "$python" -c 'from qgis.core import Qgis; print(Qgis.versionInt(), Qgis.version())' \
        2>/dev/null || echo "0 none"
}

new_enough() {
    found=$(qgis_version)
    [ "${found%% *}" -ge 34000 ]
}

has_venv() {
    "$python" -c 'import venv, ensurepip' 2>/dev/null
}

needs() {
    if ! new_enough; then
        echo "QGIS 3.40 or later is needed, and $python sees ${found#* }"
    else
        echo "$python sees QGIS ${found#* }, but has no venv with pip"
    fi
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# The mirror of bookworm in the machine's own sources, in either of apt's formats.
bookworm_mirror() {
    {
        cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
            sed -nE 's/^deb +(\[[^]]*\] +)?([^ ]+) +bookworm .*/\2/p'
        awk '/^URIs:/ {uri = $2} /^Suites:/ && / bookworm( |$)/ {print uri}' /etc/apt/sources.list.d/*.sources 2>/dev/null
    } | head -n 1
}

add_bookworm_backports() {
    if grep -rqsE '^[^#]*bookworm-backports' /etc/apt/sources.list /etc/apt/sources.list.d; then return; fi
    mirror=$(bookworm_mirror)
    [ -n "$mirror" ] || stop "No Debian mirror found in /etc/apt: add bookworm-backports to your sources, then run this again."
    echo "deb $mirror bookworm-backports main" |
        as_root tee /etc/apt/sources.list.d/bookworm-backports-qgis.list >/dev/null
}

offers_qgis() { # under the options given to apt
    offered=$(apt-cache "$@" policy python3-qgis | sed -n 's/^ *Candidate: *//p')
    case $offered in
    [0-9]*) dpkg --compare-versions "$offered" ge 3.40 ;;
    *) return 1 ;;
    esac
}

apt() { # says nothing unless it fails
    if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        stop "QGIS could not be installed: see the lines above."
    fi
}

if new_enough && has_venv; then exit 0; fi

if [ -r /etc/os-release ]; then . /etc/os-release; fi
if [ "${ID:-}" != debian ] || [ "$python" != /usr/bin/python3 ]; then
    stop "$(needs): install it from your system's packages, or name the Python that sees it (make SYSTEM_PYTHON=...)."
fi
if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    stop "$(needs): run 'make qgis' once as root, or install sudo."
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt update
if ! new_enough; then
    set --
    if [ "${VERSION_CODENAME:-}" = bookworm ]; then
        add_bookworm_backports
        apt update
        set -- -t bookworm-backports
    fi
    offers_qgis "$@" || stop "$(needs), but the sources in /etc/apt offer ${offered:-none}: Debian 12 and later have it."
    echo "Installing QGIS $offered (some minutes)"
    apt install --no-install-recommends "$@" qgis python3-qgis qgis-providers
fi
has_venv || apt install --no-install-recommends python3-venv
if ! { new_enough && has_venv; }; then stop "$(needs): see apt-cache policy python3-qgis python3-venv."; fi
echo "QGIS ${found#* } is installed"
