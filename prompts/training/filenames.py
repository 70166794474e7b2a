"""Names of files and folders in every shape, with and without quotes, and the bare ones that nothing but their place shows."""

from __future__ import annotations

import random

from vocabulary import LISTS


def word(rng: random.Random) -> str:
    """A made-up bare name."""
    kind = rng.random()
    if kind < 0.35:
        return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 7)))
    w = "".join(rng.choice(LISTS["SYLLABLES"]) for _ in range(rng.randint(2, 4)))
    if kind < 0.6:
        return w + rng.choice(["", "n", "r", "s", "x", "ck", "lt"])
    return rng.choice(LISTS["STEMS"]) if kind < 0.85 else w.capitalize()


def stem(rng: random.Random) -> str:
    """The name of a file without an extension: one word or several, joined in one of the ways people do."""
    n = rng.choice([1, 1, 2, 2, 2, 3])
    words = [rng.choice(LISTS["STEMS"]) if rng.random() < 0.75 else word(rng) for _ in range(n)]
    if rng.random() < 0.15:
        words.append(rng.choice(["v2", "v3", "final", "2024", "2025", "03", "copy", "1", "old"]))
    style = rng.random()
    if style < 0.45:
        return "_".join(words)
    if style < 0.7:
        return "-".join(words)
    if style < 0.85:
        return "".join(w.capitalize() for w in words)
    return "".join(words)


def bare(rng: random.Random) -> str:
    """A name that nothing but its place in the sentence shows to be one."""
    r = rng.random()
    if r < 0.4:
        return word(rng)
    if r < 0.62:
        return stem(rng)
    if r < 0.72:
        return f"{word(rng)}_{word(rng)}"
    if r < 0.8:
        return rng.choice(LISTS["STEMS"]).upper() if rng.random() < 0.4 else rng.choice(LISTS["STEMS"]).capitalize()
    return f"{rng.choice(LISTS['STEMS'])}{rng.choice(['', '2', '3', '_v2', '2024', '1'])}"


def folder(rng: random.Random) -> str:
    """A folder, as people write it."""
    r = rng.random()
    name = rng.choice(LISTS["FOLDERS"]) if rng.random() < 0.6 else (bare(rng) if rng.random() < 0.6 else stem(rng))
    if r < 0.25:
        return name + "/"
    if r < 0.45:
        return f"{name}/{rng.choice(LISTS['FOLDERS'])}" + rng.choice(["", "/"])
    if r < 0.5:
        return f"./{name}"
    if r < 0.55:
        return f"'{name}'" if rng.random() < 0.5 else f'"{name.capitalize()} {rng.choice(LISTS["FOLDERS"])}"'
    if r < 0.6:
        return f"/{name}/{rng.choice(LISTS['FOLDERS'])}"
    if r < 0.72:
        return f"{rng.choice(['AI', 'ML', 'HR', 'DB', 'OS', 'Net', 'Bio', 'Fin', 'Law'])}_{rng.choice(LISTS['FOLDERS'] + LISTS['STEMS'])}"
    return name


def any_folder(rng: random.Random) -> str:
    """A folder that only the words around it show to be one: mostly a plain word."""
    r = rng.random()
    return rng.choice(LISTS["FOLDERS"]) if r < 0.6 else bare(rng) if r < 0.8 else folder(rng)


def shaped_folder(rng: random.Random) -> str:
    """A folder whose shape shows it, so that "in" is enough to lead to it."""
    while True:
        f = folder(rng)
        if "/" in f or "_" in f:
            return f


def file(rng: random.Random) -> str:
    """A file with an extension, perhaps with folders, perhaps quoted."""
    name = f"{stem(rng)}.{rng.choice(LISTS['EXTENSIONS'])}"
    r = rng.random()
    if r < 0.3:
        name = f"{rng.choice(LISTS['FOLDERS'])}/{name}"
    elif r < 0.38:
        name = f"{rng.choice(LISTS['FOLDERS'])}/{stem(rng)}/{name}"
    elif r < 0.42:
        name = f"/{rng.choice(['home/ada', 'mnt/data', 'srv', 'tmp', 'home/oskar/Documents'])}/{name}"
    elif r < 0.45:
        name = f"{rng.choice(['./', '../', '~/'])}{name}"
    r = rng.random()
    if r < 0.1:
        return quoted(f"{rng.choice(LISTS['STEMS'])} {rng.choice(LISTS['STEMS'])}.{rng.choice(LISTS['EXTENSIONS'])}", rng)
    return quoted(name, rng) if r < 0.22 else name


def quoted(text: str, rng: random.Random) -> str:
    """The text in one of the kinds of quotes."""
    a, b = rng.choice([("'", "'"), ('"', '"'), ('"', '"'), ("“", "”"), ("`", "`"), ("‘", "’")])
    return f"{a}{text}{b}"


def path(rng: random.Random) -> str:
    """The object of a request: mostly a file."""
    r = rng.random()
    if r < 0.62:
        return file(rng)
    if r < 0.8:
        return (
            quoted(bare(rng), rng)
            if rng.random() < 0.2
            else stem(rng)
            if rng.random() < 0.5
            else "_".join([word(rng), rng.choice(LISTS["STEMS"])])
        )
    return shaped_folder(rng)


def quoted_bare(rng: random.Random) -> str:
    """The name of a target file, mostly quoted."""
    name = bare(rng) if rng.random() < 0.5 else f"{stem(rng)}.{rng.choice(LISTS['EXTENSIONS'])}"
    return quoted(name, rng) if rng.random() < 0.75 else name


def quoted_folder(rng: random.Random) -> str:
    name = folder(rng).strip("'\"")
    return quoted(name, rng)


def new_name(rng: random.Random) -> str:
    name = f"{stem(rng)}.{rng.choice(LISTS['EXTENSIONS'])}" if rng.random() < 0.6 else bare(rng)
    return quoted(name, rng) if rng.random() < 0.25 else name


def quoted_word(rng: random.Random) -> str:
    """A short name in quotes: one word, perhaps with an underscore."""
    name = rng.choice(
        [
            rng.choice(LISTS["STEMS"]),
            word(rng),
            rng.choice(LISTS["FOLDERS"]),
            f"{rng.choice(LISTS['STEMS'])}_{rng.choice(LISTS['FOLDERS'])}",
            rng.choice(LISTS["SHORT"]).lower(),
            rng.choice(LISTS["FIELDS"]).replace(" ", "_"),
        ]
    )
    a, b = rng.choice([("'", "'"), ("'", "'"), ('"', '"'), ("`", "`")])
    return f"{a}{name}{b}" if rng.random() < 0.92 else name


def absolute(rng: random.Random) -> str:
    """A file by its whole path, as on Linux or a Mac."""
    home = rng.choice(["/home", "/Users", "/mnt", "/srv", "/data", "/media", "~"])
    depth = [
        rng.choice(
            [
                rng.choice(LISTS["FOLDERS"]),
                word(rng),
                f"{rng.choice(LISTS['STEMS'])}_{rng.choice(LISTS['FOLDERS'])}",
                rng.choice(LISTS["FIRST"]).lower(),
            ]
        )
        for _ in range(rng.randint(1, 5))
    ]
    return f"{home}/{'/'.join(depth)}/{stem(rng)}.{rng.choice(LISTS['EXTENSIONS'])}" if rng.random() < 0.93 else file(rng)


def outside(rng: random.Random) -> str:
    """A file or folder outside of the root."""
    return (
        absolute(rng)
        if rng.random() < 0.8
        else f"~/{rng.choice(['Downloads', 'Desktop', 'Pictures'])}/{rng.choice(LISTS['FOLDERS'])}"
    )


def snake(rng: random.Random) -> str:
    """A folder named like an identifier."""
    return (
        "_".join([rng.choice(LISTS["FIELDS"]).split(" ")[-1].replace("-", ""), rng.choice(LISTS["FOLDERS"] + LISTS["STEMS"])])
        if rng.random() < 0.7
        else f"{rng.choice(['NLP', 'CV', 'OS', 'DB', 'HCI', 'PL'])}_{rng.choice(LISTS['FOLDERS'] + LISTS['STEMS'])}"
    )


def plain_file(rng: random.Random) -> str:
    """The name of a file, without folders or quotes."""
    return f"{stem(rng)}.{rng.choice(LISTS['EXTENSIONS'])}"


def glob(rng: random.Random) -> str:
    return rng.choice(
        [
            f"*.{rng.choice(LISTS['EXTENSIONS'])}",
            f"{rng.choice(LISTS['STEMS'])}*",
            f"*{rng.choice(LISTS['STEMS'])}*",
            f"{rng.choice(LISTS['STEMS'])}_*.{rng.choice(LISTS['EXTENSIONS'])}",
            f"{rng.choice(LISTS['STEMS'])}-??.csv",
        ]
    )


def name_part(rng: random.Random) -> str:
    text = rng.choice(
        [rng.choice(LISTS["STEMS"]), word(rng), stem(rng), rng.choice(LISTS["SHORT"]).lower(), "2024", "IMG_", "DSC", "test_"]
    )
    return quoted(text, rng) if rng.random() < 0.4 else text


def mount_point(rng: random.Random) -> str:
    return rng.choice(
        [
            f"/mnt/{word(rng)}",
            f"/media/{rng.choice(LISTS['FOLDERS'])}",
            f"~/{word(rng)}",
            f"/srv/{rng.choice(LISTS['FOLDERS'])}",
            f"/{word(rng)}",
        ]
    )
