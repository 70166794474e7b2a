"""Where the values come from: topics, people, places, file names of every shape, times, durations, sizes, texts.

Wide on purpose: what decides whether a parser holds up is the variety of *value shapes* (bare names, names with underscores, dates
without padding, quoted texts with anything in them), more than the number of phrasings.
"""

from __future__ import annotations

import random
from collections.abc import Callable

FIELDS = """quantum error correction|graph databases|soil erosion|tax returns|wedding planning|bird migration|supply chains|solar panels|sourdough bread
|insulin resistance|urban planning|medieval trade|graph coloring|compiler optimisation|garbage collection|traffic noise|battery recycling|sleep apnea
|byzantine fault tolerance|federated learning|protein folding|monetary policy|refugee law|deep sea mining|vaccine storage|car insurance|rent control
|marathon training|kitchen renovation|piano lessons|carbon pricing|speech recognition|cache coherence|remote work|parental leave|water rights
|customer churn|onboarding|quarterly targets|holiday plans|database sharding|log rotation|password rotation|network outages|incident response
|color theory|stage lighting|coffee roasting|beekeeping|knitting patterns|bicycle repair|roof repairs|heat pumps|data retention|access control
|image segmentation|reinforcement learning|attention mechanisms|sparse matrices|numerical stability|type inference|memory safety|lock-free queues
|consensus protocols|stream processing|query planning|vector search|semantic caching|prompt injection|model compression|knowledge distillation
|diffusion models|robot grasping|autonomous driving|lane detection|point clouds|drug interactions|clinical trials|gene therapy|antibiotic resistance
|ocean currents|glacier retreat|volcanic ash|exoplanets|dark matter|neutron stars|superconductors|photonic crystals|perovskites|fuel cells
|housing prices|inflation|exchange rates|microfinance|pension reform|labour unions|minimum wage|trade tariffs|antitrust|copyright law|gdpr|data breaches
|school lunches|teacher shortages|reading skills|bilingual education|museum visits|folk music|jazz harmony|renaissance painting|byzantine mosaics
|street photography|film noir|opera houses|board games|chess openings|mountain huts|train timetables|ferry routes|visa rules|travel insurance
|dog training|horse breeding|tomato diseases|apple harvest|crop rotation|irrigation|fish stocks|forest fires|wind turbines|nuclear waste""".replace(
    "\n", ""
).split("|")
HEADS = """report|analysis|survey|comparison|overview|plan|budget|proposal|agenda|checklist|manual|guide|tutorial|contract|invoice|receipt|letter|recipe|minutes
|summary|schedule|itinerary|forecast|benchmark|evaluation|review|draft|policy|protocol|questionnaire|certificate|quote|offer|statement|roadmap|design
|specification|requirements|transcript|interview|lecture|homework|thesis|grant application|cover letter|lease|payslip|warranty|prescription|diagnosis
|test results|release plan|meeting minutes|bank statement|insurance policy|reading list|packing list|shopping list|todo list|price list|seating plan|floor plan""".replace(
    "\n", ""
).split("|")
ADJECTIVES = "large|fast|early|modern|cheap|robust|annual|open source|low power|high speed|distributed|private|renewable|rural|regional|interactive|secure|adaptive|hidden|efficient|long-term|real-time|small|safe|new".split(
    "|"
)
THINGS_OF = "the landlord|the kitchen|our office|the garage|the new website|the school|my sister|the bank|the dentist|the car|the old house|the summer camp|the marketing team|the Lisbon trip|project Falcon|the client|the board|the second floor|grandma|the garden|the tax office|the choir|the flight to Oslo|the printer|Windmill Ltd".split(
    "|"
)
SHORT = "kafka|redis|oauth|kubernetes|zfs|raid|tcp|dns|webrtc|rust|latex|numpy|pandas|sql|gpu|lidar|crispr|malaria|asthma|yoga|judo|salsa|tapas|ramen|cheese|vineyards|whales|owls|otters|comets|tariffs|divorce|mortgage|taxes|onboarding|churn|pricing|hiring|layoffs|insulation|plumbing|wiring|mulch|compost|bees|LoRA|BERT|RAFT|HTTP/3|TCP/IP|CI/CD|R&D|C++".split(
    "|"
)
LINKS = "for|in|of|with|under|without|on|against|across|between".split("|")
FIRST = "Ada|Boris|Chiara|Dmitri|Elif|Fatima|Gustav|Hana|Ingrid|Jorge|Kavya|Liam|Mei|Nadia|Oskar|Priya|Quentin|Rosa|Sven|Tamara|Uma|Viktor|Wanda|Xavier|Yusuf|Zofia|Anders|Bettina|Carlos|Deepa|Emil|Farah|Greta|Hiro|Ines|Jakub|Karin|Lars|Marta|Nils".split(
    "|"
)
LAST = "Abramov|Bergström|Castellano|Dubois|Eriksen|Fujimoto|Grünwald|Haddad|Ivanova|Jankowski|Kowalczyk|Lindqvist|Moreau|Nakagawa|Okafor|Petrov|Quispe|Rasmussen|Schreiber|Takahashi|Ueda|Valdez|Weatherby|Xu|Yamamoto|Zielinski|Ashworth|Baptiste|Chowdhury|De Vries|El-Sayed|Fontaine|Goldberg|Huang|Iyer|Jovanovic|Kim|Larsen|McAllister|Nguyen|O'Rourke|Pham|Rossi|Singh|Tanaka|van Dijk|Wu|Zhao|Ferreira|Holm".split(
    "|"
)
CITIES = "Lisbon|Uppsala|Bologna|Kyoto|Nairobi|Tartu|Ghent|Leeds|Toulouse|Graz|Basel|Aarhus|Porto|Cusco|Perth|Hanoi|Izmir|Krakow|Bergen|Turku|Padua|Cape Town|Leuven|Edinburgh|Waterloo|Seoul|Bern|Salamanca|Delft|Freiburg".split(
    "|"
)
COMPANIES = "Acme|Globex|Initech|Umbrella Corp|Nokia|Siemens|IBM|Intel|Bosch|Philips|NVIDIA|Samsung Research|Bell Labs|Xerox PARC|DeepMind|Baidu|Tencent|Ericsson|Sony|Airbus".split(
    "|"
)
UNIS = "ETH Zurich|EPFL|UCLA|TU Munich|KTH|INRIA|Max Planck Institute|Caltech|Georgia Tech|Imperial College|UC San Diego|National Taiwan University|KAIST|Technion|CNRS|IIT Bombay|Peking University|Ohio State University|Weizmann Institute|RWTH Aachen".split(
    "|"
)
STEMS = "budget|thesis|notes|report|draft|plan|todo|journal|summary|invoice|letter|readme|config|main|utils|index|agenda|minutes|proposal|slides|schedule|contacts|backup|archive|data|results|figures|paper|chapter|intro|outline|recipe|menu|guests|trip|flights|hotel|rent|lease|tax|salary|cv|resume|cover|photo|logo|banner|draft|final|old|new|temp|test|sample|export|import|log|output|input|model|train|eval|server|client|parser|lexer|schema|query|users|orders|prices|stock|sales|q1|q2|q3|q4|march|april|lecture|homework|exam|grades|lab|memo|faq|howto|changelog|license|roadmap|spec|design|poem|story|diary|songs|lyrics|workout|diet|garden|house|car|school|work|team|client|project|meeting|standup|retro|review|feedback|survey|contract|nda|offer|quote|receipt|ticket|visa|passport|insurance|claim|will|deed".split(
    "|"
)
EXTENSIONS = "txt|txt|md|md|pdf|docx|csv|py|json|html|xlsx|pptx|tex|ipynb|png|jpg|c|rs|js|yaml|log|odt|eml|toml|sh|go|java|sql|xml|rtf|epub|mp3|mp4|svg|ts|cpp|h|zip|tar.gz|bak|conf|ini".split(
    "|"
)
FOLDERS = "archive|photos|papers|work|private|scans|reports|letters|src|lib|docs|tests|notes|drafts|backup|inbox|invoices|music|recipes|clients|projects|thesis|research|data|figures|slides|lectures|school|taxes|finance|legal|contracts|old|tmp|misc|shared|team|design|specs|meetings|travel|health|garden|house|downloads|exports|logs|configs|templates|materials|journal|essays".split(
    "|"
)
SYLLABLES = "ba be bi bo bu ca ce co da de di do fa fe fi ga ge gi go ha he ho ja ka ke ko la le li lo lu ma me mi mo mu na ne no nu pa pe po ra re ri ro ru sa se si so ta te ti to tu va ve vi vo wa we xi ya yo za ze zo".split()
LANGUAGES = "German|French|Spanish|Italian|Dutch|Polish|Japanese|Chinese|Russian|Portuguese|Swedish|Korean|Turkish|Arabic|Czech|Danish|English|Finnish|Greek|Hindi|Norwegian|Ukrainian|Hungarian|Romanian|Vietnamese|Hebrew".split(
    "|"
)
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Aug|Sept|Oct|Nov|Dec".split(
    "|"
)
WEEKDAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|tuesday|friday|mon|thu".split("|")
SMALL = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|a couple of|half a dozen|a dozen|2|3|4|5|6|7|8|9|10|12|15|20|25|50|100".split(
    "|"
)
ORDINAL = "first|second|third|fourth|fifth|sixth|seventh|1st|2nd|3rd|4th|tenth".split("|")
PROGRAMS = "claude|codex|the agent|the backup script|cron|rsync|vim|the build|gpt|my assistant|the importer|copilot|the sync tool|Hana|Oskar|the bot|agent-7|indexer|VS Code|the nightly job|Rosa|make".split(
    "|"
)
SENTENCES = "Call the plumber|Remember the milk|Meeting moved to 4 pm|All tests pass|Do not open before Sunday|Thanks, see you soon!|version = 2|TODO: check the numbers|x = 1; y = 2|Dear all, the office is closed.|buy eggs and flour|The deadline is 3 May|hello world|# Title|- first item|a,b,c|see also: appendix B|it works on my machine|Ring back Ms. Holm|100% done|new line|approved|done|pay the rent|no changes needed|draft, do not share|The quick start is below|ok|Bring: tent, rope, water".split(
    "|"
)
TAGS = "urgent|todo|done|private|work|family|later|important|reviewed|to-read|archive|finance|draft|final|2024|q3|client-a|favourite|keep|old|confidential|holiday|reading|project_x|tax2025|red|blocked|approved".split(
    "|"
)
SNAPSHOTS = "before-refactor|release-1|clean|pre-migration|friday|stable|v2|golden|before cleanup|baseline2|monday-morning|thesis_submitted|good state|pre-upgrade|first|checkpoint|safe|demo|before the move|working".split(
    "|"
)


def _pick(text: list[str]) -> Callable[[random.Random], str]:
    return lambda rng: rng.choice(text)


def word(rng: random.Random) -> str:
    """A made-up bare name."""
    kind = rng.random()
    if kind < 0.35:
        return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 7)))
    w = "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 4)))
    if kind < 0.6:
        return w + rng.choice(["", "n", "r", "s", "x", "ck", "lt"])
    return rng.choice(STEMS) if kind < 0.85 else w.capitalize()


def stem(rng: random.Random) -> str:
    """The name of a file without an extension: one word or several, joined in one of the ways people do."""
    n = rng.choice([1, 1, 2, 2, 2, 3])
    words = [rng.choice(STEMS) if rng.random() < 0.75 else word(rng) for _ in range(n)]
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
        return rng.choice(STEMS).upper() if rng.random() < 0.4 else rng.choice(STEMS).capitalize()
    return f"{rng.choice(STEMS)}{rng.choice(['', '2', '3', '_v2', '2024', '1'])}"


def folder(rng: random.Random) -> str:
    """A folder, as people write it."""
    r = rng.random()
    name = rng.choice(FOLDERS) if rng.random() < 0.6 else (bare(rng) if rng.random() < 0.6 else stem(rng))
    if r < 0.25:
        return name + "/"
    if r < 0.45:
        return f"{name}/{rng.choice(FOLDERS)}" + rng.choice(["", "/"])
    if r < 0.5:
        return f"./{name}"
    if r < 0.55:
        return f"'{name}'" if rng.random() < 0.5 else f'"{name.capitalize()} {rng.choice(FOLDERS)}"'
    if r < 0.6:
        return f"/{name}/{rng.choice(FOLDERS)}"
    if r < 0.72:
        return f"{rng.choice(['AI', 'ML', 'HR', 'DB', 'OS', 'Net', 'Bio', 'Fin', 'Law'])}_{rng.choice(FOLDERS + STEMS)}"
    return name


def shaped_folder(rng: random.Random) -> str:
    """A folder whose shape shows it, so that "in" is enough to lead to it."""
    while True:
        f = folder(rng)
        if "/" in f or "_" in f:
            return f


def file(rng: random.Random) -> str:
    """A file with an extension, perhaps with folders, perhaps quoted."""
    name = f"{stem(rng)}.{rng.choice(EXTENSIONS)}"
    r = rng.random()
    if r < 0.3:
        name = f"{rng.choice(FOLDERS)}/{name}"
    elif r < 0.38:
        name = f"{rng.choice(FOLDERS)}/{stem(rng)}/{name}"
    elif r < 0.42:
        name = f"/{rng.choice(['home/ada', 'mnt/data', 'srv', 'tmp', 'home/oskar/Documents'])}/{name}"
    elif r < 0.45:
        name = f"{rng.choice(['./', '../', '~/'])}{name}"
    r = rng.random()
    if r < 0.1:
        return quoted(f"{rng.choice(STEMS)} {rng.choice(STEMS)}.{rng.choice(EXTENSIONS)}", rng)
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
            else "_".join([word(rng), rng.choice(STEMS)])
        )
    return shaped_folder(rng)


def topic(rng: random.Random) -> str:
    """A topic: a noun phrase of any length."""
    r = rng.random()
    if r < 0.28:
        return rng.choice(FIELDS)
    if r < 0.4:
        return rng.choice(SHORT)
    if r < 0.55:
        return f"{rng.choice(ADJECTIVES)} {rng.choice(FIELDS)}"
    if r < 0.7:
        return f"{rng.choice(FIELDS)} {rng.choice(LINKS)} {rng.choice([rng.choice(ADJECTIVES) + ' ' + rng.choice(FIELDS), rng.choice(FIELDS), rng.choice(THINGS_OF)])}"
    if r < 0.78:
        return f"{rng.choice(FIELDS)} and {rng.choice(FIELDS + SHORT)}"
    if r < 0.86:
        return f"how to {rng.choice('repair|choose|build|measure|clean|compare|train|test|grow|write|pay|plan'.split('|'))} {rng.choice(ADJECTIVES)} {rng.choice(FIELDS)}"
    if r < 0.93:
        return f"the {rng.choice(FIELDS)} {rng.choice('problem|project|crisis|debate|meeting|team|course|incident|deal|budget'.split('|'))}"
    return f"{rng.choice(FIRST)}'s {rng.choice(FIELDS)}" if rng.random() < 0.4 else f"{rng.choice(CITIES)} {rng.choice(FIELDS)}"


def content_kind(rng: random.Random) -> str:
    """Things that are a topic themselves: "contract with the landlord", "invoices from Acme"."""
    head = rng.choice(HEADS)
    r = rng.random()
    if r < 0.35:
        return head if head.endswith("s") and rng.random() < 0.3 else f"{rng.choice(ADJECTIVES + SHORT + STEMS)} {head}"
    if r < 0.7:
        return f"{head} {rng.choice(['for', 'with', 'from', 'about', 'of', 'on'])} {rng.choice(THINGS_OF + COMPANIES + FIELDS)}"
    return f"{rng.choice(FIELDS)} {head}"


def plural_kind(rng: random.Random) -> str:
    """Several of them: "invoices from Acme"."""
    head = rng.choice(
        [
            "reports",
            "invoices",
            "receipts",
            "letters",
            "recipes",
            "contracts",
            "bills",
            "proposals",
            "manuals",
            "lecture notes",
            "meeting minutes",
            "drafts",
            "lyrics",
            "bank statements",
            "test results",
            "interviews",
            "payslips",
            "certificates",
            "quotes",
            "plans",
        ]
    )
    r = rng.random()
    if r < 0.4:
        return head
    return (
        f"{head} {rng.choice(['for', 'from', 'about', 'of'])} {rng.choice(THINGS_OF + COMPANIES + CITIES)}"
        if r < 0.75
        else f"{rng.choice(SHORT + ADJECTIVES)} {head}"
    )


def person(rng: random.Random) -> str:
    """A person's name."""
    r = rng.random()
    first, last = rng.choice(FIRST), rng.choice(LAST)
    if r < 0.45:
        return f"{first} {last}"
    if r < 0.7:
        return last
    if r < 0.8:
        return f"{first[0]}. {last}"
    return (
        f"{rng.choice(['Dr. ', 'Prof. ', 'Professor ', 'Ms. '])}{last}"
        if r < 0.83
        else first
        if r < 0.95
        else f"{first} {rng.choice('ABCDEFGHJKLMNPRST')}. {last}"
    )


def institution(rng: random.Random) -> str:
    """A university or company."""
    r = rng.random()
    city = rng.choice(CITIES)
    if r < 0.3:
        return f"University of {city}" if rng.random() < 0.8 else f"the University of {city}"
    if r < 0.5:
        return f"{city} {rng.choice(['University', 'Institute of Technology', 'State University', 'Technical University', 'Medical School', 'College'])}"
    return rng.choice(UNIS) if r < 0.75 else rng.choice(COMPANIES)


def keyword(rng: random.Random) -> str:
    """A word or phrase said to occur."""
    text = rng.choice(
        [
            rng.choice(SHORT),
            rng.choice(FIELDS),
            rng.choice(STEMS),
            rng.choice(FIRST),
            rng.choice(CITIES),
            rng.choice(COMPANIES),
            word(rng),
            rng.choice(
                [
                    "deadline",
                    "confidential",
                    "invoice number",
                    "TODO",
                    "FIXME",
                    "cancelled",
                    "overdue",
                    "password",
                    "refund",
                    "42",
                    "2024",
                    "VAT",
                    "paid",
                    "penalty clause",
                ]
            ),
        ]
    )
    return quoted(text, rng) if rng.random() < 0.45 else text


def number(rng: random.Random) -> str:
    """A small number in digits or words."""
    return str(rng.randint(2, 30)) if rng.random() < 0.45 else rng.choice(SMALL)


def day_of_month(rng: random.Random) -> str:
    return f"{rng.randint(1, 28)}{rng.choice(['', '', 'th'])}"


def year(rng: random.Random) -> str:
    return str(rng.randint(2012, 2026))


def date(rng: random.Random) -> str:
    """A date in one of the ways people write it."""
    y, m, d = rng.randint(2014, 2026), rng.randint(1, 12), rng.randint(1, 28)
    month = MONTHS[m - 1] if rng.random() < 0.8 else MONTHS[m - 1][:3]
    return rng.choice(
        [
            f"{y}-{m:02}-{d:02}",
            f"{y}-{m}-{d}",
            f"{d}.{m}.{y}",
            f"{m}/{d}/{y}",
            f"{y}/{m}/{d}",
            f"{d} {month} {y}",
            f"{month} {d}, {y}",
            f"{month} {d}",
            f"the {d}th of {month}",
            f"{month} {d}th {y}",
            f"{y}-{m}-{d}",
            f"{d}. {month} {y}",
        ]
    )


def clock(rng: random.Random) -> str:
    h, m = rng.randint(1, 12), rng.choice(["00", "15", "30", "45", "07"])
    return rng.choice([f"{h}am", f"{h} pm", f"{h + 11}:{m}", f"{h}:{m} pm", "noon", "midnight", f"{h} o'clock"])


def unit(rng: random.Random) -> str:
    return rng.choice("minutes|hours|days|days|weeks|months|years".split("|"))


def _amount(rng: random.Random) -> str:
    return (
        f"{number(rng)} {unit(rng)}"
        if rng.random() < 0.8
        else rng.choice(
            [
                "an hour",
                "a day",
                "a week",
                "a month",
                "a year",
                "a fortnight",
                "half an hour",
                "24h",
                "7d",
                "2 wks",
                "90 mins",
                "3mo",
            ]
        )
    )


def named_time(rng: random.Random) -> str:
    """A day, week, month, season ... without a preposition."""
    return rng.choice(
        [
            lambda: rng.choice(
                [
                    "yesterday",
                    "today",
                    "the day before yesterday",
                    "this morning",
                    "last night",
                    "yesterday evening",
                    "this afternoon",
                    "this week",
                    "last week",
                    "last month",
                    "this month",
                    "last year",
                    "this year",
                    "the week before last",
                    "the month before last",
                    "last weekend",
                    "last quarter",
                    "this quarter",
                    "the past week",
                    "last spring",
                    "last summer",
                    "last winter",
                    "this spring",
                    "the first half of 2024",
                    "Christmas",
                    "last Christmas",
                    "the end of last month",
                    "the beginning of the year",
                    "earlier today",
                    "the weekend",
                    "the previous month",
                    "the start of the week",
                ]
            ),
            lambda: f"{rng.choice(['last ', 'last ', 'this ', ''])}{rng.choice(WEEKDAYS)}",
            lambda: f"{rng.choice(WEEKDAYS)} {rng.choice(['morning', 'afternoon', 'evening', 'last week'])}",
            lambda: f"{rng.choice(['last ', '', ''])}{rng.choice(MONTHS)}",
            lambda: f"{rng.choice(MONTHS)} {year(rng)}",
            lambda: date(rng),
            lambda: date(rng),
            lambda: year(rng),
            lambda: rng.choice(
                [
                    f"Q{rng.randint(1, 4)}",
                    f"Q{rng.randint(1, 4)} {year(rng)}",
                    f"the {rng.choice(['first', 'second', 'third', 'fourth'])} quarter of {year(rng)}",
                    f"H1 {year(rng)}",
                    f"week {rng.randint(2, 51)}",
                    f"the week of {date(rng)}",
                    f"{year(rng)}-{rng.randint(1, 12):02}",
                    f"the {rng.randint(2, 28)}th",
                ]
            ),
            lambda: f"{rng.choice(['spring', 'summer', 'autumn', 'winter', 'early', 'late'])} {year(rng)}",
            lambda: f"{_amount(rng)} ago",
        ]
    )()


def when(rng: random.Random) -> str:
    """A stretch of time that limits, with its preposition."""
    t = named_time(rng)
    r = rng.random()
    if r < 0.3:
        bare_ok = ("last ", "this ", "yesterday", "today", "the week", "the day", "earlier")
        return t if t.startswith(bare_ok) or t.endswith("ago") else f"{rng.choice(['in', 'from', 'on', 'during'])} {t}"
    if r < 0.42:
        return f"from {t}"
    if r < 0.66:
        return f"{rng.choice(['since', 'since', 'after', 'before', 'until', 'prior to', 'up to', 'starting', 'no later than', 'by', 'later than', 'earlier than', 'as of'][:12])} {t}"
    if r < 0.78:
        return f"{rng.choice(['in the last', 'in the past', 'within the last', 'over the past', 'the last', 'the past', 'during the last', 'within'])} {_amount(rng)}"
    if r < 0.87:
        return f"{rng.choice(['older than', 'newer than', 'more than', 'less than', 'younger than'])} {_amount(rng)}{rng.choice(['', ' ago', ' old'])}".replace(
            "older than", "older than"
        ).replace("than a", "than a")
    if r < 0.97:
        a, b = rng.choice(
            [
                (rng.choice(MONTHS[:12]), rng.choice(MONTHS[:12])),
                (rng.choice(WEEKDAYS[:7]), rng.choice(WEEKDAYS[:7])),
                (year(rng), year(rng)),
                (date(rng), date(rng)),
                (rng.choice(MONTHS[:12]), f"{rng.choice(MONTHS[:12])} {year(rng)}"),
                (clock(rng), clock(rng)),
            ]
        )
        return rng.choice([f"between {a} and {b}", f"from {a} to {b}", f"from {a} until {b}", f"from {a} through {b}"])
    return f"{year(rng)}-{year(rng)}"


def point(rng: random.Random) -> str:
    """A point in time, without "to" or "as of"."""
    r = rng.random()
    if r < 0.5:
        return named_time(rng)
    if r < 0.7:
        return date(rng)
    if r < 0.8:
        return rng.choice(
            [
                f"{rng.choice(['yesterday', 'today', 'Friday', 'Monday'])} at {clock(rng)}",
                f"{clock(rng)} {rng.choice(['yesterday', 'today'])}",
                clock(rng),
                f"{date(rng)} {rng.randint(8, 18)}:30",
                f"{year(rng)}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}T0{rng.randint(1, 9)}:00",
            ]
        )
    return f"{_amount(rng)} ago"


def duration(rng: random.Random) -> str:
    """How long, or until when."""
    r = rng.random()
    if r < 0.5:
        return f"{rng.choice([str(rng.randint(1, 90)), number(rng)])} {rng.choice('seconds|minutes|hours|days|weeks|months|years|secs|mins|hrs'.split('|'))}"
    if r < 0.65:
        units = ["years", "months", "weeks", "days", "hours", "minutes", "seconds"]
        i = rng.randrange(6)
        return f"{rng.randint(1, 12)} {units[i]}{rng.choice([' ', ' and ', ', '])}{rng.randint(2, 50)} {units[rng.randint(i + 1, 6)]}"
    if r < 0.82:
        return rng.choice(
            [
                "a day",
                "a week",
                "one week",
                "an hour",
                "half an hour",
                "a month",
                "a year",
                "a fortnight",
                "24h",
                "2d",
                "30 min",
                "48 hours",
                "1 day",
                "one month",
                "a year and a half",
                "1h30m",
            ]
        )
    return until(rng)


def until(rng: random.Random) -> str:
    """The end of a validity."""
    return f"{rng.choice(['until', 'till', 'until'])} {rng.choice([rng.choice(WEEKDAYS[:7]), 'tomorrow', 'the end of the month', 'the end of the year', 'next ' + rng.choice(WEEKDAYS[:7]), date(rng), 'next week', '6pm', 'Christmas', 'the weekend', rng.choice(MONTHS[:12]) + ' ' + str(rng.randint(1, 28))])}"


def plain_duration(rng: random.Random) -> str:
    """How long, without "until"."""
    while True:
        text = duration(rng)
        if not text.startswith(("until", "till")):
            return text


def size(rng: random.Random) -> str:
    return rng.choice(
        [
            f"{rng.choice([1, 2, 5, 10, 20, 50, 100, 250, 500, 1.5, 3])}{rng.choice([' ', ''])}{rng.choice(['MB', 'KB', 'kB', 'GB', 'mb', 'k', 'megabytes', 'kilobytes', 'gigs', 'M', 'bytes'])}",
            "a megabyte",
            "one GB",
            "half a gigabyte",
            "two megabytes",
            "10,000 bytes",
        ]
    )


def lines(rng: random.Random) -> str:
    a = rng.randint(1, 200)
    b = a + rng.randint(1, 90)
    n = rng.choice([str(rng.randint(2, 60)), number(rng)])
    return rng.choice(
        [
            f"lines {a} to {b}",
            f"lines {a}-{b}",
            f"line {a}",
            f"the first {n} lines",
            f"the last {n} lines",
            f"lines {a} through {b}",
            f"from line {a} on",
            f"the top {n} lines",
            f"line {a} to {b}",
            f"lines {a} - {b}",
            f"from line {a} to line {b}",
            f"the final {n} lines",
        ]
    )


def glob(rng: random.Random) -> str:
    return rng.choice(
        [
            f"*.{rng.choice(EXTENSIONS)}",
            f"{rng.choice(STEMS)}*",
            f"*{rng.choice(STEMS)}*",
            f"{rng.choice(STEMS)}_*.{rng.choice(EXTENSIONS)}",
            f"{rng.choice(STEMS)}-??.csv",
        ]
    )


def name_part(rng: random.Random) -> str:
    text = rng.choice([rng.choice(STEMS), word(rng), stem(rng), rng.choice(SHORT).lower(), "2024", "IMG_", "DSC", "test_"])
    return quoted(text, rng) if rng.random() < 0.4 else text


def content(rng: random.Random) -> str:
    """Text to be written, quoted."""
    text = (
        rng.choice(SENTENCES)
        if rng.random() < 0.6
        else f"{rng.choice(SENTENCES)} {rng.choice(['-', 'and', ':', '/'])} {rng.choice(FIELDS)}"
    )
    return quoted(text.replace("'", "’"), rng)


def bare_content(rng: random.Random) -> str:
    return rng.choice(
        [
            rng.choice(SENTENCES).rstrip("!.").lower(),
            f"{rng.choice('call|email|pay|ask|visit|thank'.split('|'))} {rng.choice(FIRST)}",
            f"buy {rng.choice('milk|stamps|paint|nails|bread'.split('|'))}",
            rng.choice(FIELDS),
        ]
    )


def tag(rng: random.Random) -> str:
    text = rng.choice(TAGS) if rng.random() < 0.8 else word(rng)
    r = rng.random()
    return quoted(text, rng) if r < 0.25 else f"#{text}" if r < 0.33 else text


def snapshot(rng: random.Random) -> str:
    text = rng.choice(SNAPSHOTS) if rng.random() < 0.6 else rng.choice([stem(rng), word(rng)])
    return quoted(text, rng) if " " in text or rng.random() < 0.3 else text


def group_key(rng: random.Random) -> str:
    return rng.choice(
        "topic|subject|theme|type|file type|format|kind|extension|author|who wrote them|writer|folder|directory|location|day|date|week|month|year|language|tag|tags|topic|author|type|month|year|customer|vendor|project|sender|status|artist|client|supplier|country|department|size|course|journal|venue|city|owner|category|priority|camera".split(
            "|"
        )
    )


def join_key(rng: random.Random) -> str:
    return rng.choice(
        "content|name|file name|title|mention|mentions|similarity|author|date|customer|topic|invoice number|id|project|what they say|content similarity|order number|email|text|meaning".split(
            "|"
        )
    )


def type_plural(rng: random.Random) -> str:
    return rng.choice(
        "PDFs|pdfs|PDF|pdf|images|photos|pictures|screenshots|spreadsheets|Excel|markdown|Markdown|Python|python|Word|presentations|slides|slide decks|videos|recordings|audio|emails|e-mails|mails|CSV|csv|CSVs|text|txt|.md|.py|.docx|JSON|json|HTML|html|LaTeX|Jupyter|notebooks|docx|xlsx|PowerPoint|YAML|rust|Java|JavaScript|shell|C++|log|xml|svg".split(
            "|"
        )
    )


def minimum(rng: random.Random) -> str:
    return rng.choice(["80%", "90 %", "0.8", "0.9", "75 percent", "95%", "0.75", "half", "0.6"][:7] + ["60%", "0.95"])


def length(rng: random.Random) -> str:
    return rng.choice(
        [
            f"{number(rng)} sentences",
            f"{rng.choice([50, 100, 150, 200])} words",
            "one paragraph",
            "a single sentence",
            "two paragraphs",
            "one sentence",
            f"{number(rng)} bullet points",
            "five bullets",
            "3 lines",
            "a paragraph",
            f"{rng.randint(2, 8)} bullets",
        ]
    )


KINDS: dict[str, Callable[[random.Random], str]] = {
    "PATH": path, "FILE": file, "BARE": bare, "STEM": stem, "FOLDER": folder, "SHAPED": shaped_folder, "TO": folder, "TOFILE": file, "SRC": path,
    "OTHER": path, "QUERY": topic, "QUERY2": topic, "KIND": content_kind, "KINDS": plural_kind, "K": number, "STEPS": number,
    "VERSION": lambda r: str(r.randint(1, 40)), "VERSION2": lambda r: str(r.randint(2, 40)), "ORDINAL": _pick(ORDINAL), "WHEN": when, "AT": point, "AT2": point, "DUR": duration,
    "CONTENT": content, "BARECONTENT": bare_content, "NAME": snapshot, "GLOB": name_part, "WILD": glob, "KW": keyword, "ANYKW": keyword, "EXCL": keyword,
    "AUTHOR": person, "ANYAUTHOR": person, "AFFIL": institution, "ANYAFFIL": institution, "TYPE": type_plural, "LANG": _pick(LANGUAGES), "TAG": tag, "HASTAG": tag,
    "SIZEMIN": size, "SIZEMAX": size, "LIKE": file, "KEY": group_key, "ON": join_key, "LINES": lines, "ACTOR": _pick(PROGRAMS), "FOCUS": topic, "LENGTH": length,
    "THRESH": minimum, "NUMBER": number, "FIRST": _pick(FIRST), "CITY": _pick(CITIES), "FIELD": _pick(FIELDS), "DATE": date,
}  # fmt: skip


def previous(rng: random.Random) -> str:
    return rng.choice(["previous", "last", "prior", "preceding", "previous", "earlier"][:5])


def mount_point(rng: random.Random) -> str:
    return rng.choice([f"/mnt/{word(rng)}", f"/media/{rng.choice(FOLDERS)}", f"~/{word(rng)}", f"/srv/{rng.choice(FOLDERS)}", f"/{word(rng)}"])


def since(rng: random.Random) -> str:
    """When, for what is to be taken back."""
    return rng.choice([lambda: f"since {named_time(rng)}", lambda: f"since {clock(rng)}", lambda: rng.choice(["today", "this morning", "yesterday", "this afternoon", "this week"]), lambda: f"in the last {_amount(rng)}", lambda: f"after {clock(rng)}"])()


def point_date(rng: random.Random) -> str:
    return rng.choice([date, date, named_time, point])(rng)


def quoted_bare(rng: random.Random) -> str:
    """The name of a target file, mostly quoted."""
    name = bare(rng) if rng.random() < 0.5 else f"{stem(rng)}.{rng.choice(EXTENSIONS)}"
    return quoted(name, rng) if rng.random() < 0.75 else name


def quoted_folder(rng: random.Random) -> str:
    name = folder(rng).strip("'\"")
    return quoted(name, rng)


def new_name(rng: random.Random) -> str:
    name = f"{stem(rng)}.{rng.choice(EXTENSIONS)}" if rng.random() < 0.6 else bare(rng)
    return quoted(name, rng) if rng.random() < 0.25 else name


def sort_adjective(rng: random.Random) -> str:
    return rng.choice(["newest", "latest", "most recent", "biggest", "largest", "most recently changed", "last modified", "most recently edited"])


def sorting(rng: random.Random) -> str:
    return rng.choice(["newest first", "latest first", "sorted by date", "by size", "biggest first", "sorted by name", "in alphabetical order", "alphabetically", "largest first", "sorted by size", "most recent first", "ordered by name", "by date", "ordered by modification time", "sorted alphabetically"])


def mode(rng: random.Random) -> str:
    return rng.choice(["by meaning", "by keyword", "by keyword only", "semantically", "by meaning only", "literally", "by exact words", "using semantic search", "with a keyword search", "by sense", "in semantic mode", "word for word"])


def nth(rng: random.Random) -> str:
    return rng.choice(["the first one", "the second one", "the third one", "number two", "the last one", "the first", "the second", "the third file", "result 4", "the second hit", "the first two", "the top one", "number 3", "the fourth file", "that one"])


def quoted_topic(rng: random.Random) -> str:
    return quoted(topic(rng).replace("'", "’"), rng)


def drop(rng: random.Random) -> str:
    return rng.choice(["and delete the originals", "and remove the parts", "without keeping the parts", "and drop the originals", "deleting the originals", "then throw the parts away", "and do not keep the originals"])


def recursive(rng: random.Random) -> str:
    return rng.choice(["recursively", "including subfolders", "with all subfolders", "and everything below it", "and its subfolders", "with everything below", "subfolders too", "at every level", "including what is below", "and all folders in it", "all the way down"])


def contain(rng: random.Random) -> str:
    return rng.choice(["including files contained in others", "also partial ones", "also files that are part of others", "with containment", "and also files contained in other files", "subsets too"])


def containing(rng: random.Random) -> str:
    return rng.choice(["contained in others", "that are contained in other files", "that are part of another file", "which are subsets of others", "fully contained in another", "that occur inside other files", "that another file contains completely"])


def length_adjective(rng: random.Random) -> str:
    return rng.choice(["short", "brief", "long", "detailed", "quick", "concise", "very short", "one-paragraph", "three-sentence", "100-word", "two-line", "thorough"])


def type_singular(rng: random.Random) -> str:
    return rng.choice(["PDF", "pdf", "image", "photo", "picture", "spreadsheet", "presentation", "markdown", "python", "Word", "video", "email", "csv", "screenshot", "recording", "JSON", "text", "notebook", "Excel"])


def quoted_word(rng: random.Random) -> str:
    """A short name in quotes: one word, perhaps with an underscore."""
    name = rng.choice([rng.choice(STEMS), word(rng), rng.choice(FOLDERS), f"{rng.choice(STEMS)}_{rng.choice(FOLDERS)}", rng.choice(SHORT).lower(), rng.choice(FIELDS).replace(" ", "_")])
    a, b = rng.choice([("'", "'"), ("'", "'"), ('"', '"'), ("`", "`")])
    return f"{a}{name}{b}" if rng.random() < 0.92 else name


def absolute(rng: random.Random) -> str:
    """A file by its whole path, as on Linux or a Mac."""
    home = rng.choice(["/home", "/Users", "/mnt", "/srv", "/data", "/media", "~"])
    depth = [rng.choice([rng.choice(FOLDERS), word(rng), f"{rng.choice(STEMS)}_{rng.choice(FOLDERS)}", rng.choice(FIRST).lower()]) for _ in range(rng.randint(1, 5))]
    return f"{home}/{'/'.join(depth)}/{stem(rng)}.{rng.choice(EXTENSIONS)}" if rng.random() < 0.93 else file(rng)


def outside(rng: random.Random) -> str:
    """A file or folder outside of the root."""
    return absolute(rng) if rng.random() < 0.8 else f"~/{rng.choice(['Downloads', 'Desktop', 'Pictures'])}/{rng.choice(FOLDERS)}"


def snake(rng: random.Random) -> str:
    """A folder named like an identifier."""
    return "_".join([rng.choice(FIELDS).split(" ")[-1].replace("-", ""), rng.choice(FOLDERS + STEMS)]) if rng.random() < 0.7 else f"{rng.choice(['NLP', 'CV', 'OS', 'DB', 'HCI', 'PL'])}_{rng.choice(FOLDERS + STEMS)}"


def plain_file(rng: random.Random) -> str:
    """The name of a file, without folders or quotes."""
    return f"{stem(rng)}.{rng.choice(EXTENSIONS)}"


_MORE_KINDS: dict[str, Callable[[random.Random], str]] = {
    "PREV": previous, "ONCE": _pick(["twice", "once", "three times"]), "MOUNTPOINT": mount_point, "SINCE": since, "POINTDATE": point_date,
    "QBARE": quoted_bare, "QFOLDER": quoted_folder, "NEWNAME": new_name, "SORTADJ": sort_adjective, "SORTING": sorting,
    "SORTBIG": _pick(["biggest", "largest"]), "MODE": mode, "MODEVERB": _pick(["semantic search", "keyword search", "semantically search", "search by meaning", "search literally"]),
    "NTH": nth, "THEM": _pick(["them", "these", "those", "the results", "the hits", "these files", "those files", "all of them", "the files you found", "the result", "them all"]),
    "IT": _pick(["it", "that file", "this file", "that", "this", "that one", "it", "it"]), "DETHEM": _pick(["sie", "die Ergebnisse", "diese Dateien"]),
    "QTOPIC": quoted_topic, "DROP": drop, "REC": recursive, "RECADV": _pick(["recursively"]), "CONTAIN": contain, "CONTAINING": containing,
    "LENGTHADJ": length_adjective, "LENGTHADV": _pick(["briefly", "in detail", "shortly", "in short", "concisely", "at length", "in a nutshell", "quickly", "thoroughly"]),
    "TYPE1": type_singular, "KEYPL": _pick(["types", "authors", "topics", "tags", "languages"]), "PLAINDUR": plain_duration, "UNTIL": until,
    "KEYDE": _pick(["Typ", "Autor", "Thema", "Monat", "Ordner", "Jahr"]), "KEYFR": _pick(["type", "auteur", "sujet", "mois", "dossier"]), "KEYES": _pick(["tipo", "autor", "tema", "mes", "carpeta"]),
    "ON": join_key, "QWORD": quoted_word, "ABSOLUTE": absolute, "OUTSIDE": outside, "SNAKE": snake, "PLAINFILE": plain_file,
    "NAMEDTIME": _pick(["yesterday", "today", "last week", "last month", "last year", "this morning", "last Tuesday"]),
}  # fmt: skip
KINDS |= _MORE_KINDS


def value(kind: str, rng: random.Random) -> str:
    """A value of a kind."""
    return KINDS[kind](rng)
