"""XML made wrong: metadata of SAFE products, GDAL's side files, VRTs."""

from __future__ import annotations

import copy
import random
from xml.etree import ElementTree as ET

from . import blobs
from .values import TEXTS

_LEGAL = tuple(text for text in TEXTS if all(sign >= " " and not "\ud800" <= sign <= "\udfff" for sign in text))
_ENTITIES = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "%s"><!ENTITY b "&a;&a;&a;&a;">]><r>&b;</r>' % (b"x" * 1000)


def mutated(document: bytes, rng: random.Random) -> bytes:
    """One to three changes of elements, texts and attributes; now and then of bytes, or a document with entities."""
    kind = rng.randrange(10)
    if kind == 0:
        return blobs.mutated(document, rng)
    if kind == 1:
        return _ENTITIES
    root = ET.fromstring(document)
    for _ in range(rng.randint(1, 3)):
        _change(root, rng)
    return ET.tostring(root)


def _change(root: ET.Element, rng: random.Random) -> None:
    element = rng.choice(list(root.iter()))
    kind = rng.randrange(6)
    if kind < 2:
        element.text = rng.choice(_LEGAL)
    elif kind == 2 and element.attrib:
        element.set(rng.choice(list(element.attrib)), rng.choice(_LEGAL))
    elif kind == 3 and len(element):
        element.remove(rng.choice(list(element)))
    elif kind == 4 and len(element):
        element.append(copy.deepcopy(rng.choice(list(element))))
    elif kind == 5 and element.attrib:
        del element.attrib[rng.choice(list(element.attrib))]
