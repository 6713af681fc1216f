"""Gathers the texts that the languages' model learns from and prints lines of language, tab, text.

    python3 tests/eval/languages.py FOLDER | cargo run --release -p deskbell-judgement --example language -- \\
        crates/judgement/src/language/model.bin

FOLDER is used for downloads (300 MB). Wants a Debian with apt-get and dpkg-deb, pip, and the lz4 package of Python. The texts are
Debian's translated package descriptions, LibreOffice's help, and the message catalogues of Wesnoth and Django; none of them is kept,
only what was counted in them.
"""

import gettext
import html
import random
import re
import subprocess
import sys
import unicodedata
import zipfile
from pathlib import Path

import lz4.frame

FOLDER = Path(sys.argv[1])
NAMES = {"de": ["de"], "en": ["en"], "es": ["es"], "fr": ["fr"], "it": ["it"], "nl": ["nl"], "pl": ["pl"], "pt": ["pt", "pt_BR"],
         "sv": ["sv"], "tr": ["tr"]}
SHARES = {"wesnoth": 0.35, "descriptions": 0.3, "help": 0.3, "django": 0.05}
SNIPPETS = 130_000
RANDOM = random.Random(3)


def run(*command):
    subprocess.run(list(map(str, command)), check=True, cwd=FOLDER, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def download():
    lists = FOLDER / "apt"
    (lists / "lists/partial").mkdir(parents=True, exist_ok=True)
    languages = [f"Acquire::Languages::={name}" for names in NAMES.values() for name in names]
    run("apt-get", "-o", f"Dir::State={lists}", "-o", "Acquire::Languages=", *sum((["-o", it] for it in languages), []), "update")
    helps = ["libreoffice-help-" + ("en-us" if language == "en" else language) for language in NAMES]
    run("apt-get", "download", "wesnoth-1.16-data", *helps)
    for package in FOLDER.glob("*.deb"):
        run("dpkg-deb", "-x", package, FOLDER / package.name.split("_")[0])
    run(sys.executable, "-m", "pip", "download", "--no-deps", "django==5.2.*")
    with zipfile.ZipFile(next(FOLDER.glob("django-*.whl"))) as archive:
        archive.extractall(FOLDER / "django", [name for name in archive.namelist() if name.endswith(".mo")])


def sentences(text):
    """Prose alone: no markup, addresses, placeholders, code."""
    text = re.sub(r"<[^>]*>", " ", html.unescape(text))
    text = re.sub(r"https?://\S+|\S+@\S+|%\(\w+\)s|%[sdif]|\{[^}]*\}|\$\w+|\$\([^)]*\)|&\w+", " ", text)
    text = re.sub(r"\s+", " ", re.sub(r"[_|]", " ", text.replace("~", ""))).strip()
    for sentence in re.split(r"(?<=[.!?:])\s+", text):
        letters = sum(letter.isalpha() for letter in sentence)
        if letters >= 12 and letters / len(sentence) > 0.7:
            yield sentence


def help_of(language):
    folder = FOLDER / ("libreoffice-help-" + ("en-us" if language == "en" else language))
    wanted = r'<p[^>]*class="(?:paragraph|tip|note|warning|listitem|tablecontent)[^"]*"[^>]*>(.*?)</p>'
    for page in sorted(folder.rglob("*.html")):
        for part in re.findall(wanted, page.read_text(encoding="utf-8", errors="replace"), flags=re.S):
            yield from sentences(part)


def descriptions(language):
    for name in NAMES[language]:
        for path in FOLDER.glob(f"apt/lists/*_main_i18n_Translation-{name.replace('_', '%5f')}.lz4"):
            text = lz4.frame.decompress(path.read_bytes()).decode("utf-8", "replace")
            for block in text.split("\n\n")[: 9_000 if language == "en" else None]:
                found = re.search(r"^Description-\w+:(.*)", block, flags=re.S | re.M)
                for part in re.sub(r"\n \.\n", "\n\n", found.group(1) if found else "").split("\n\n"):
                    yield from sentences(part)


def catalogue(folder, language):
    """English stands in every catalogue as what is translated."""
    for name in ["de"] if language == "en" else NAMES[language]:
        for path in sorted((FOLDER / folder).rglob(f"{name}/LC_MESSAGES/*.mo")):
            with path.open("rb") as file:
                messages = gettext.GNUTranslations(file)._catalog
            for key, value in messages.items():
                key = (key[0] if isinstance(key, tuple) else key).split("\x04")[-1]
                if key and isinstance(value, str) and key != value:
                    yield from sentences(key if language == "en" else value)


def snippet(sentence):
    """What somebody may write of it: a part, sometimes without accents."""
    length = RANDOM.choice([8, 15, 20, 30, 30, 40, 60, 90])
    if len(sentence) > length:
        begins = [0] + [at.end() for at in re.finditer(r"\s+", sentence) if at.end() < len(sentence) - length // 2]
        begin = RANDOM.choice(begins) if RANDOM.random() < 0.7 else 0
        sentence = sentence[begin : begin + length]
    if RANDOM.random() < 0.12:
        plain = (letter for letter in unicodedata.normalize("NFKD", sentence) if not unicodedata.combining(letter))
        sentence = "".join(plain).replace("ß", "ss").replace("ł", "l").replace("ø", "o")
    return sentence


def main():
    if not list(FOLDER.glob("*.deb")):
        FOLDER.mkdir(parents=True, exist_ok=True)
        download()
    english, lines = set(), []
    for language in sorted(NAMES, key=lambda language: language != "en"):
        texts = {
            "help": help_of(language),
            "descriptions": descriptions(language),
            "wesnoth": catalogue("wesnoth-1.16-data", language),
            "django": catalogue("django", language),
        }
        for source, found in texts.items():
            # What was never translated is English.
            known = [sentence for sentence in dict.fromkeys(found) if sentence not in english]
            english.update(known if language == "en" else [])
            count = int(SNIPPETS * SHARES[source]) if known else 0
            lines += [(language, snippet(RANDOM.choice(known))) for _ in range(count)]
    RANDOM.shuffle(lines)
    for language, text in lines:
        print(f"{language}\t{text}")


main()
