"""Does a prompt ask for a change? The words of a language model are not enough for it.

Grounding keeps paths and numbers that nobody said out of a plan; here it is the call itself. A plan for "find notes about
tides" in which a model deletes what it found has nothing in it that was not said, but for the deleting. A call that changes,
destroys or shares stands only where some word of the prompt can mean it (English, German, French, Spanish). The words are wide,
since the user sees the plan before anything happens: what they keep out is what was not asked for at all.
"""

from __future__ import annotations

import re

_GONE = (
    r"delet|remov|eras|throw|trash|discard|\brid\b|wip(e|ing)|drop|\bbin\b|clean|clear|purg|kill|dump|toss|scrap|ditch|destroy"
    r"|unlink|\brm\b|away|lösch|loesch|entfern|\bweg|supprim|effac|enlev|jet(te|er)|borr|elimin|quita|\btir(a|ar)\b"
)
_BACK = r"undo|\bback|revert|revers|cancel|rückgängig|zurück|annul|défai|deshac|deshaz"
_TEXT = (
    r"writ|modif|alter|contain|includ|tack|\bput|sav(e|ing)|add|append|insert|prepend|replac|\bset\b"
    r"|content|jot|note|\bsay|text|updat|chang|fill|stor"
)
_NEW = r"creat|\bmak|new|start|touch|mkdir|set up|import|generat|bring|erstell|\bleg|\bneu|créé?|nouve|crea|nuev|\bhaz\b"
_LABEL = r"tag|label|mark|flag|categor|etiquet|étiquet"
_LOCK = r"lock|protect|freez|read-?only|sperr|schütz|verrouill|protég|bloque|proteg"
_LINK = r"link|shar|url|send|publish|access|download|teil|freigeb|freigab|partag|lien|compart|enlace"
_WATCH = (
    r"watch|notif|tell|alert|monitor|inform|\bknow\b|an eye|subscri|follow|track|beobacht|benachricht|überwach|surveill"
    r"|prévi|avert|vigil|avis|sag"
)
_MOUNT = r"mount|serv|attach|einhäng|\bmont"
_END = (
    r"|stop|\bend\b|no longer|revok|withdraw|cancel|never mind|don't|unsub|\boff\b|free"
    r"|open|entsperr|déverr|desbloq|eject|detach"
)

_WORDS: dict[str, re.Pattern[str]] = {
    name: re.compile(words)
    for name, words in {
        "delete": _GONE,
        "forget": r"forg[eo]t|forever|for good|permanent|irrevoc|trace|histor|vergiss"
        r"|vergess|endgültig|oubli|définitiv|olvid|siempre",
        "gc": r"garbage|\bgc\b|collect|old versions|free|space|room|clean|prun|retention|reclaim|shrink|compact|repack",
        "undo": _BACK,
        "rollback": _BACK + r"|roll|restor|return|previous|earlier|version|before|recover|\bwas\b|\bwere\b|as of|wiederherstell"
        r"|restaur|reven|rétabl|volv|recuper",
        "link": _LINK,
        "unlink": _LINK + _END,
        "watch": _WATCH,
        "unwatch": _WATCH + _END,
        "create": f"{_NEW}|{_TEXT}",
        "write": f"{_NEW}|{_TEXT}|overwrit|extend|schreib|\\bfüg|hinzu|écri|ajout|escrib|añad|agreg|\\bpon",
        "touch": r"touch|time|date|stamp|modif",
        "concat": r"concat|merg|join|combin|append|together|glue|one file|into one|single"
        r"|stitch|verbind|zusammen|fusion|junt|\bun[ei]",
        "copy": r"cop[yi]|duplicat|back ?up|clone|kopier|sicher",
        "move": r"mov|renam|\bput|\bcall|relocat|transfer|shift|drag|organi|sort|archiv|into|\bto\b"
        r"|verschieb|benenn|déplac|renomm|muev"
        r"|renombr",
        "tag": _LABEL,
        "untag": f"{_LABEL}|{_GONE}",
        "lock": _LOCK,
        "unlock": _LOCK + _END,
        "snapshot": r"snapshot|checkpoint|sav(e|ing)|state|bookmark|remember|freez|schnappschuss|instantan|sicher",
        "mount": _MOUNT,
        "unmount": _MOUNT + _END,
    }.items()
}


def asks_for(prompt: str, syscall: str) -> bool:
    """Tell whether some word of the prompt can mean the changing call `syscall`; of a call without words, never."""
    words = _WORDS.get(syscall)
    return words is not None and words.search(prompt.casefold()) is not None
