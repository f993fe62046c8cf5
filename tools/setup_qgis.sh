#!/bin/sh
# Makes sure that QGIS >= 3.40 with its Python is there; on Debian 12 it comes from bookworm-backports.
set -eu
python=${SYSTEM_PYTHON:-/usr/bin/python3}

qgis_version() {
    QT_QPA_PLATFORM=offscreen "$python" -c 'from qgis.core import Qgis; print(Qgis.versionInt(), Qgis.version())' 2>/dev/null || echo 0
}

found=$(qgis_version)
if [ "${found%% *}" -ge 34000 ] && "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    exit 0
fi

. /etc/os-release
if [ "${VERSION_CODENAME:-}" != bookworm ]; then
    echo "QGIS 3.40 or later with its Python is needed (found: ${found#* }): install it from your system's packages." >&2
    exit 1
fi
if [ "$(id -u)" -eq 0 ]; then as_root=""; else as_root="sudo"; fi

# The mirror that this machine's own sources name, in either of apt's formats.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    sed -nE 's/^deb +(\[[^]]*\] +)?([^ ]+) +bookworm .*/\2/p' | head -n 1)
[ -n "$mirror" ] || mirror=$(awk '/^URIs:/ {uri = $2} /^Suites:/ && / bookworm( |$)/ {print uri; exit}' \
    /etc/apt/sources.list.d/*.sources 2>/dev/null)
if [ -z "$mirror" ]; then
    echo "No Debian mirror found in /etc/apt: add bookworm-backports to your sources, then run this again." >&2
    exit 1
fi

echo "Installing QGIS from bookworm-backports (some minutes)"
list=/etc/apt/sources.list.d/bookworm-backports-qgis.list
if ! grep -rqsE 'bookworm-backports' /etc/apt/sources.list /etc/apt/sources.list.d; then
    echo "deb $mirror bookworm-backports main" | $as_root tee "$list" >/dev/null
fi
log=$(mktemp)
if ! {
    $as_root apt-get update -q &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
            -t bookworm-backports qgis python3-qgis qgis-providers &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends python3-venv
} >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "QGIS could not be installed: see the lines above, and $log." >&2
    exit 1
fi
rm -f "$log"
found=$(qgis_version)
if [ "${found%% *}" -lt 34000 ]; then
    echo "QGIS 3.40 or later is needed, but $python finds ${found#* }: see apt-cache policy qgis." >&2
    exit 1
fi
echo "QGIS ${found#* } is installed"
