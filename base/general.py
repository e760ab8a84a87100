"""Plain general knowledge: the facts are trained, two phrasings of each group are not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class General:
    """One plain fact: ``{x}`` of the questions is ``item``, the answer is ``answer``."""

    group: str
    item: str
    answer: str


def _pairs(text: str) -> list[tuple[str, str]]:
    return [tuple(p.strip().split(":")) for p in text.split(",")]  # type: ignore[misc]


_ITEMS: dict[str, str] = {
    "capital": (
        "France:Paris, Germany:Berlin, Italy:Rome, Spain:Madrid, Portugal:Lisbon, Austria:Vienna, "
        "Poland:Warsaw, Greece:Athens, Sweden:Stockholm, Norway:Oslo, Finland:Helsinki, "
        "Denmark:Copenhagen, Ireland:Dublin, England:London, Russia:Moscow, Japan:Tokyo, "
        "China:Beijing, India:New Delhi, Egypt:Cairo, Turkey:Ankara, Canada:Ottawa, Cuba:Havana, "
        "Peru:Lima, Kenya:Nairobi, Hungary:Budapest, Belgium:Brussels, Iran:Tehran, Iraq:Baghdad"
    ),
    "language": (
        "France:French, Germany:German, Italy:Italian, Spain:Spanish, Portugal:Portuguese, "
        "Poland:Polish, Greece:Greek, Sweden:Swedish, Russia:Russian, Japan:Japanese, "
        "China:Chinese, Turkey:Turkish, Brazil:Portuguese, Mexico:Spanish, Hungary:Hungarian"
    ),
    "color": (
        "the sky:Blue, grass:Green, snow:White, blood:Red, a lemon:Yellow, coal:Black, "
        "a banana:Yellow, milk:White, an orange:Orange, a tomato:Red, chocolate:Brown, a frog:Green"
    ),
    "opposite": (
        "hot:Cold, big:Small, up:Down, left:Right, day:Night, black:White, good:Bad, old:New, "
        "fast:Slow, high:Low, open:Closed, hard:Soft, wet:Dry, full:Empty, light:Dark, happy:Sad, "
        "rich:Poor, early:Late, long:Short, yes:No, loud:Quiet, strong:Weak, clean:Dirty, near:Far"
    ),
    "next_day": (
        "Monday:Tuesday, Tuesday:Wednesday, Wednesday:Thursday, Thursday:Friday, Friday:Saturday, "
        "Saturday:Sunday, Sunday:Monday"
    ),
    "next_month": (
        "January:February, February:March, March:April, April:May, May:June, June:July, "
        "July:August, August:September, September:October, October:November, November:December, "
        "December:January"
    ),
    "young": (
        "a dog:Puppy, a cat:Kitten, a cow:Calf, a horse:Foal, a sheep:Lamb, a pig:Piglet, "
        "a lion:Cub, a chicken:Chick, a duck:Duckling, a goat:Kid"
    ),
    "sound": (
        "a dog:Bark, a cat:Meow, a cow:Moo, a duck:Quack, a lion:Roar, a sheep:Baa, a pig:Oink, "
        "a bee:Buzz, a snake:Hiss, a wolf:Howl"
    ),
    "units": (
        "minutes in an hour:60, seconds in a minute:60, hours in a day:24, days in a week:7, "
        "months in a year:12, days in a year:365, grams in a kilogram:1000, "
        "meters in a kilometer:1000, centimeters in a meter:100, years in a century:100, "
        "weeks in a year:52, years in a decade:10"
    ),
    "legs": "a dog:4, a cat:4, a spider:8, an ant:6, a bird:2, a horse:4, a bee:6, a human:2",
    "misc": (
        "What is the largest planet?:Jupiter, Which planet do we live on?:Earth, "
        "What is the largest ocean?:Pacific, What do bees make?:Honey, "
        "What is frozen water called?:Ice, What gas do we breathe?:Oxygen, "
        "What is the tallest mountain?:Everest, What is the longest river?:Nile, "
        "What is the fastest land animal?:Cheetah, What is the largest animal?:Whale, "
        "Which star is closest to us?:Sun, What do cows give?:Milk, "
        "What is the first letter of the alphabet?:A, What do we read?:Books"
    ),
}

# Per group: trained questions, then the two held out.
QUESTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "capital": (
        ("What is the capital of {x}?", "Which city is the capital of {x}?", "{x} capital?",
         "Tell me the capital of {x}.", "What's the capital of {x}?", "What is {x}'s capital?",
         "Name the capital of {x}.", "capital of {x}", "Do you know the capital of {x}?"),
        ("Can you tell me the capital of {x}?", "Which city is {x}'s capital city?"),
    ),
    "language": (
        ("Which language is spoken in {x}?", "What language do people in {x} speak?",
         "What is the language of {x}?", "What do people in {x} speak?",
         "Tell me the language of {x}.", "What is the official language of {x}?"),
        ("Name the language of {x}.", "Which language do people speak in {x}?"),
    ),
    "color": (
        ("What color is {x}?", "Which color is {x}?", "Tell me the color of {x}.",
         "What is the color of {x}?", "color of {x}?", "Name the color of {x}."),
        ("Which color does {x} have?", "What's the color of {x}?"),
    ),
    "opposite": (
        ("What is the opposite of {x}?", "Tell me the opposite of {x}.", "opposite of {x}?",
         "What's the opposite of {x}?", "Name the opposite of {x}.",
         "Which word is the opposite of {x}?"),
        ("Give me the opposite of {x}.", "Can you name the opposite of {x}?"),
    ),
    "next_day": (
        ("What day comes after {x}?", "Which day is after {x}?", "What is the day after {x}?",
         "Which day follows {x}?", "day after {x}?"),
        ("Tell me the day after {x}.", "What day follows {x}?"),
    ),
    "next_month": (
        ("What month comes after {x}?", "Which month is after {x}?",
         "What is the month after {x}?", "Which month follows {x}?", "month after {x}?"),
        ("Tell me the month after {x}.", "What month follows {x}?"),
    ),
    "young": (
        ("What is the young of {x} called?", "What do you call the baby of {x}?",
         "What is a baby of {x} called?", "Name the young of {x}.", "young of {x}?"),
        ("What's the young of {x} called?", "Tell me what the young of {x} is called."),
    ),
    "sound": (
        ("What sound does {x} make?", "Which sound does {x} make?",
         "What is the sound of {x}?", "sound of {x}?", "Name the sound of {x}."),
        ("Tell me the sound of {x}.", "What's the sound {x} makes?"),
    ),
    "units": (
        ("How many {x}?", "How many {x} are there?", "Tell me how many {x} there are.",
         "Number of {x}?", "What is the number of {x}?"),
        ("Do you know how many {x} there are?", "What's the number of {x}?"),
    ),
    "legs": (
        ("How many legs does {x} have?", "What number of legs does {x} have?",
         "Tell me how many legs {x} has.", "Legs of {x}?", "number of legs of {x}?"),
        ("Do you know how many legs {x} has?", "What's the number of legs of {x}?"),
    ),
    "sum": (
        ("What is {x}?", "How much is {x}?", "{x} = ?", "Calculate {x}.", "{x}?", "What's {x}?",
         "Tell me what {x} is."),
        ("Compute {x}.", "Can you tell me what {x} is?"),
    ),
    "misc": (
        ("{x}", "Tell me: {x}", "Please answer: {x}", "Quick question: {x}", "Hi, {x}"),
        ("Do you know this? {x}", "One more question. {x}"),
    ),
}  # fmt: skip


def facts() -> list[General]:
    """All general facts; sums of single digits included."""
    found = [
        General(group, item, answer)
        for group, text in _ITEMS.items()
        for item, answer in _pairs(text)
    ]
    found += [
        General("sum", f"{a} {sign} {b}", str(a + b))
        for a in range(1, 10)
        for b in range(1, 10)
        if a + b <= 10
        for sign in ("+",)
    ]
    return found


FACTS = facts()
