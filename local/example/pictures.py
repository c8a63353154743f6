"""Plain pictures drawn by the program, a few of each kind, shared by many products through the media store."""

from __future__ import annotations

import io
import math
from random import Random
from typing import Literal, get_args

from PIL import Image, ImageDraw

from app.core.media import Media
from app.market.catalogue import photos
from app.market.catalogue.photos import StoredPhoto

from .seeds import chance

Kind = Literal[
    "tea",
    "flower",
    "honey",
    "rice",
    "noodle",
    "bamboo",
    "mushroom",
    "egg",
    "fruit",
    "leaf",
    "powder",
    "bottle",
    "basket",
]
Colour = tuple[int, int, int]
VARIANTS = 3
WIDTH, HEIGHT = 960, 720

_SKIES: tuple[Colour, ...] = ((222, 236, 224), (247, 236, 214), (221, 232, 240), (243, 226, 220), (232, 228, 244))
_MAIN: dict[Kind, Colour] = {
    "tea": (62, 120, 66), "flower": (230, 190, 60), "honey": (222, 150, 32), "rice": (236, 226, 196),
    "noodle": (206, 196, 178), "bamboo": (184, 150, 86), "mushroom": (104, 78, 62), "egg": (232, 204, 172),
    "fruit": (226, 124, 52), "leaf": (74, 150, 70), "powder": (226, 172, 48), "bottle": (120, 150, 130),
    "basket": (176, 126, 70),
}  # fmt: skip


def draw_all(media: Media) -> dict[Kind, list[StoredPhoto]]:
    """Draw and keep every variant; the same pictures each time."""
    kinds: tuple[Kind, ...] = get_args(Kind)
    return {kind: [_stored(media, kind, variant) for variant in range(VARIANTS)] for kind in kinds}


def _stored(media: Media, kind: Kind, variant: int) -> StoredPhoto:
    out = io.BytesIO()
    picture(kind, variant).save(out, "PNG", compress_level=1)
    return photos.take(media, out.getvalue())


def picture(kind: Kind, variant: int) -> Image.Image:
    """One picture: a table with things of this kind on it."""
    luck = chance(f"picture/{kind}/{variant}")
    image = Image.new("RGB", (WIDTH, HEIGHT), luck.choice(_SKIES))
    draw = ImageDraw.Draw(image)
    _backdrop(draw, luck)
    main = _shade(_MAIN[kind], luck.randint(-14, 14))
    if kind in ("tea", "leaf", "flower"):
        _bowl_of_leaves(draw, luck, main)
    elif kind in ("honey", "bottle", "powder"):
        _jars(draw, luck, main)
    elif kind in ("egg", "fruit", "mushroom"):
        _round_things(draw, luck, main)
    elif kind in ("bamboo", "noodle"):
        _bundles(draw, luck, main)
    else:
        _basket(draw, luck, main, filled=kind == "rice")
    return image


def _backdrop(draw: ImageDraw.ImageDraw, luck: Random) -> None:
    """Hills far off and a wooden table."""
    for layer, base in enumerate((330, 390)):
        colour = _shade((142, 176, 146), -26 * layer)
        phase, waves = luck.uniform(0, 6), luck.uniform(1.2, 2.4)
        ridge = [(x, base - 60 * math.sin(phase + waves * x / 300)) for x in range(0, WIDTH + 20, 20)]
        draw.polygon([(0, HEIGHT), *ridge, (WIDTH, HEIGHT)], fill=colour)
    wood = _shade((186, 140, 96), luck.randint(-20, 20))
    draw.rectangle((0, 470, WIDTH, HEIGHT), fill=wood)
    for y in (535, 605, 675):
        draw.line((0, y, WIDTH, y), fill=_shade(wood, -18), width=3)


def _bowl_of_leaves(draw: ImageDraw.ImageDraw, luck: Random, main: Colour) -> None:
    for _each in range(170):
        angle, far = luck.uniform(0, math.pi), luck.uniform(0, 1) ** 0.5
        x, y = 480 + 250 * far * math.cos(angle), 440 - 150 * far * math.sin(angle)
        _leaf(draw, (x, y), luck, _shade(main, luck.randint(-34, 44)))
    bowl = _shade((238, 236, 228), luck.randint(-30, 0))
    draw.pieslice((190, 240, 770, 640), 0, 180, fill=bowl)
    draw.rectangle((390, 630, 570, 655), fill=_shade(bowl, -22))
    draw.line((190, 440, 770, 440), fill=_shade(bowl, -30), width=8)


def _leaf(draw: ImageDraw.ImageDraw, middle: tuple[float, float], luck: Random, colour: Colour) -> None:
    turn, size = luck.uniform(0, math.tau), luck.randint(26, 46)
    along_x, along_y = math.cos(turn) * size, math.sin(turn) * size
    across_x, across_y = -along_y / 4, along_x / 4
    x, y = middle
    corners = [(along_x, along_y), (across_x, across_y), (-along_x, -along_y), (-across_x, -across_y)]
    draw.polygon([(x + right, y + down) for right, down in corners], fill=colour)


def _jars(draw: ImageDraw.ImageDraw, luck: Random, main: Colour) -> None:
    for left in (170, 390, 610)[: luck.randint(2, 3)]:
        tall = luck.randint(0, 50)
        draw.rounded_rectangle((left, 250 - tall, left + 180, 590), radius=34, fill=(238, 240, 236))
        draw.rounded_rectangle((left + 10, 320 - tall, left + 170, 580), radius=26, fill=main)
        draw.rectangle(
            (left + 30, 210 - tall, left + 150, 262 - tall), fill=_shade((150, 96, 52), luck.randint(-20, 20))
        )
        draw.rectangle((left + 34, 410, left + 146, 500), fill=(250, 246, 234))
        draw.ellipse((left + 70, 435, left + 110, 475), fill=_shade(main, -30))


def _round_things(draw: ImageDraw.ImageDraw, luck: Random, main: Colour) -> None:
    for row, count in enumerate((5, 4, 3)):
        for place in range(count):
            x = 480 + (place - (count - 1) / 2) * 132 + luck.randint(-10, 10)
            y, size = 560 - row * 92, luck.randint(58, 70)
            colour = _shade(main, luck.randint(-22, 22))
            draw.ellipse((x - size, y - size, x + size, y + size * 0.9), fill=colour)
            draw.ellipse((x - size * 0.5, y - size * 0.62, x - size * 0.1, y - size * 0.26), fill=_shade(colour, 34))


def _bundles(draw: ImageDraw.ImageDraw, luck: Random, main: Colour) -> None:
    for middle in (270, 480, 690):
        for _stick in range(46):
            x, lean = middle + luck.randint(-74, 74), luck.randint(-26, 26)
            draw.line((x, 590, x + lean, luck.randint(240, 290)), fill=_shade(main, luck.randint(-40, 36)), width=9)
        draw.rectangle((middle - 92, 420, middle + 92, 452), fill=(170, 52, 44))


def _basket(draw: ImageDraw.ImageDraw, luck: Random, main: Colour, *, filled: bool) -> None:
    cane = main if not filled else _shade((176, 126, 70), luck.randint(-20, 20))
    draw.ellipse((210, 270, 750, 470), fill=main if filled else _shade(cane, -48))
    draw.polygon([(210, 372), (750, 372), (670, 640), (290, 640)], fill=cane)
    for line in range(8):
        y, inset = 390 + line * 32, 6 + line * 9
        draw.line((210 + inset, y, 750 - inset, y), fill=_shade(cane, -26), width=6)
    if filled:
        for _grain in range(500):
            angle, far = luck.uniform(0, math.tau), luck.uniform(0, 1) ** 0.5
            x, y = 480 + 240 * far * math.cos(angle), 345 + 62 * far * math.sin(angle)
            draw.ellipse((x - 7, y - 3, x + 7, y + 3), fill=_shade(main, luck.randint(-30, 16)))


def _shade(colour: Colour, by: int) -> Colour:
    red, green, blue = (max(0, min(255, part + by)) for part in colour)
    return red, green, blue
