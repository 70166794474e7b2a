"""Attributes of images, sound and video: size, camera, time and place taken, artist, album. For the worker process."""

from __future__ import annotations

import io
import warnings
from typing import Any

from lsfs.text.extracted import Attributes, Extracted

_TAKEN, _CAMERA_MAKER, _CAMERA, _ARTIST, _DESCRIPTION, _SOFTWARE = 306, 271, 272, 315, 270, 305
_EXIF, _TAKEN_ORIGINAL, _GPS = 0x8769, 36867, 0x8825
_MAX_PIXELS = 500_000_000


def image(data: bytes) -> Extracted:
    """Return an image's attributes from its header and EXIF; the pixels are not decoded."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = _MAX_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(data)) as picture:
            attributes: Attributes = {
                "width": [str(picture.width)],
                "height": [str(picture.height)],
                "format": [str(picture.format)],
            }
            attributes.update(_exif(picture.getexif()))
    return Extracted(attributes=attributes)


def _exif(exif: Any) -> Attributes:
    inner, place = exif.get_ifd(_EXIF), exif.get_ifd(_GPS)
    camera = " ".join(str(exif.get(tag, "")).strip("\0 ") for tag in (_CAMERA_MAKER, _CAMERA))
    taken = str(inner.get(_TAKEN_ORIGINAL) or exif.get(_TAKEN) or "")
    out: Attributes = {
        "camera": [camera],
        "author": [str(exif.get(_ARTIST, ""))],
        "title": [str(exif.get(_DESCRIPTION, ""))],
        "date": [taken.replace(":", "-", 2).replace(" ", "T", 1)] if taken else [],
        "software": [str(exif.get(_SOFTWARE, ""))],
    }
    if place:
        out["place"] = _coordinates(place)
    return out


def _coordinates(place: Any) -> list[str]:
    try:
        latitude, longitude = (_degrees(place[2], place[1]), _degrees(place[4], place[3]))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return []
    return [f"{latitude:.5f},{longitude:.5f}"]


def _degrees(parts: Any, side: str) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    return -value if side in {"S", "W"} else value


def sound(data: bytes, name: str) -> Extracted:
    """Return the tags of an audio or video file."""
    from tinytag import TinyTag

    tag = TinyTag.get(filename=name, file_obj=io.BytesIO(data))
    attributes: Attributes = {
        "title": [tag.title or ""],
        "artist": [tag.artist or ""],
        "author": [tag.artist or tag.composer or ""],
        "album": [tag.album or ""],
        "genre": [tag.genre or ""],
        "year": [str(tag.year or "")[:4]],
        "duration_s": [str(round(tag.duration))] if tag.duration else [],
    }
    return Extracted(attributes=attributes)
