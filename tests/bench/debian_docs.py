"""Build a folder of documentation from Debian packages, to search in and to measure with.

Two selections: `labelled` is the corpus of `tests/corpus/retrieval/debian.jsonl` (1,485 pages, 68 MB, of Python, SQLite, Git,
the kernel and Debian itself); `large` is every text page of many packages (41,256 files, 1.1 GB of mostly HTML) for the
figures of size.

Packages are fetched by `apt-get download` into a folder of the caller's choice and unpacked there by `dpkg-deb`; nothing is
installed and nothing outside the two folders changes. It needs Debian 12 with package lists (`apt-get update`). Paths in the
corpus hold no version; the versions that were used are returned and printed.

Use: python -m tests.bench.debian_docs TARGET --downloads DIR [--large]
"""

import argparse
import gzip
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

TEXT_SUFFIXES = frozenset({".html", ".htm", ".txt", ".rst", ".md", ".xhtml"})
SKIPPED_FOLDERS = frozenset({"_sources", "_static", "_images", "_downloads"})
SKIPPED_PAGES = ("genindex", "search", "py-modindex", "index-all", "keyword_index", "sitemap", "doc_")


@dataclass(frozen=True, slots=True)
class Selection:
    """Pages of one package: the files that match `patterns` below `folder` come to `target` in the corpus."""

    package: str
    folder: str
    patterns: tuple[str, ...]
    target: str


LABELLED = (
    Selection(
        "python3.11-doc",
        "usr/share/doc/python3.11/html",
        ("library/*.html", "howto/*.html", "tutorial/*.html", "faq/*.html"),
        "python",
    ),
    Selection("sqlite3-doc", "usr/share/doc/sqlite3", ("*.html",), "sqlite"),
    Selection("git-doc", "usr/share/doc/git-doc", ("*.html", "howto/*.html", "technical/*.html"), "git"),
    Selection("debian-handbook", "usr/share/doc/debian-handbook/html/en-US", ("*.html",), "handbook"),
    Selection("debian-faq", "usr/share/doc/debian/FAQ", ("*.en.html",), "debian-faq"),
    Selection("debian-reference-en", "usr/share/debian-reference", ("*.en.html",), "debian-reference"),
    Selection("debian-policy", "usr/share/doc/debian-policy/policy.html", ("*.html",), "debian-policy"),
    Selection("developers-reference", "usr/share/developers-reference", ("*.html",), "developers-reference"),
    Selection(
        "linux-doc-6.1",
        "usr/share/doc/linux-doc-6.1/Documentation",
        ("admin-guide/**/*.rst*", "filesystems/**/*.rst*"),
        "kernel",
    ),
)
MORE_PACKAGES = (
    "apache2-doc",
    "cppreference-doc-en-html",
    "libboost1.81-doc",
    "libstdc++-12-doc",
    "nodejs-doc",
    "openjdk-17-doc",
    "postgresql-doc-15",
    "python-django-doc",
    "qtbase5-doc-html",
)
LARGE = tuple(
    Selection(
        package,
        "usr/share",
        tuple(f"**/*{suffix}{packed}" for suffix in sorted(TEXT_SUFFIXES) for packed in ("", ".gz")),
        package,
    )
    for package in (*(selection.package for selection in LABELLED), *MORE_PACKAGES)
)


def fetch(package: str, downloads: Path) -> Path:
    """Download and unpack one package unless that was done before; return the folder with its files.

    Raises:
        subprocess.CalledProcessError: apt-get or dpkg-deb failed (unknown package, no network, no package lists).
    """
    unpacked = downloads / package
    if (unpacked / "complete").exists():
        return unpacked
    debs = downloads / f"{package}.deb.d"
    debs.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package], cwd=debs, check=True)
    (archive,) = debs.glob("*.deb")
    shutil.rmtree(unpacked, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-x", str(archive), str(unpacked)], check=True)
    (unpacked / "complete").write_text(archive.name.split("_")[1].replace("%3a", ":") + "\n")
    shutil.rmtree(debs)
    return unpacked


def pages(selection: Selection, unpacked: Path) -> Iterator[tuple[Path, Path]]:
    """Yield (file of the package, path in the corpus) for every page of a selection, by path; packed names lose `.gz`.

    Symbolic links, generated indexes and sources of pages are left out.
    """
    base = unpacked / selection.folder
    found = {file for pattern in selection.patterns for file in base.glob(pattern)}
    for file in sorted(found):
        inner = file.relative_to(base)
        name = inner.with_suffix("") if inner.suffix == ".gz" else inner
        skipped = (
            name.suffix not in TEXT_SUFFIXES or SKIPPED_FOLDERS.intersection(inner.parts) or name.name.startswith(SKIPPED_PAGES)
        )
        if file.is_file() and not file.is_symlink() and not skipped:
            yield file, Path(selection.target) / name


def copy_page(source: Path, target: Path) -> None:
    """Copy a page with its modification time, unpacking it if it is gzipped."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".gz":
        with gzip.open(source) as packed, target.open("wb") as plain:
            shutil.copyfileobj(packed, plain)
        shutil.copystat(source, target)
    else:
        shutil.copy2(source, target)


def build(target: Path, downloads: Path, selections: Iterable[Selection] = LABELLED) -> dict[str, str]:
    """Fill `target` with the pages of the selections and return the version of each package.

    Raises:
        subprocess.CalledProcessError: a package cannot be fetched.
    """
    versions = {}
    for selection in selections:
        unpacked = fetch(selection.package, downloads)
        versions[selection.package] = (unpacked / "complete").read_text().strip()
        for source, path in pages(selection, unpacked):
            copy_page(source, target / path)
    return versions


def main() -> int:
    """Build the corpus that the command line asks for and say what is in it."""
    parser = argparse.ArgumentParser(description="Build a corpus from Debian's documentation packages.")
    parser.add_argument("target", type=Path)
    parser.add_argument(
        "--downloads", type=Path, required=True, help="where packages are kept (several hundred MB for --large)"
    )
    parser.add_argument("--large", action="store_true", help="all pages of many packages instead of the labelled corpus")
    options = parser.parse_args()
    for package, version in build(options.target, options.downloads, LARGE if options.large else LABELLED).items():
        print(f"{package} {version}")
    sizes = [file.stat().st_size for file in options.target.rglob("*") if file.is_file()]
    print(f"{len(sizes)} files, {sum(sizes) / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
