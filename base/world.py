"""The invented world: names, values and relations, split so that a test name is never a train name.

Nothing here exists. Names are made of syllables whose spelling decides, by a hash, whether they
belong to the training or to the test world; a model that answers about a test name can only have
read it in the passage. The module imports nothing but the standard library.

Use: ``world = World(seed=1, split="test"); world.subject("company")``.
"""

# ruff: noqa: SIM905 (word lists read better as text)

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass

from facts import RELATIONS, Relation

# The example domain of the documentation: it must stay unknown to the base.
FORBIDDEN = ("acme", "alice", "bob")

ONSETS = (
    "b br bl c cr cl ch d dr f fr fl g gr gl h j k kr l m n p pr pl qu r s sk sl sn sp st sw "
    "t th tr v w wh y z"
).split()
VOWELS = "a e i o u a e i o u a e i o u a e i o u ai ea ee ie oa oo ou au ey".split()
CODAS = "b ck d g k l ll m n nd ng nt p r rd rk rn rt s sh sk st t th v x z".split()

FIRST_NAMES = {
    "train": (
        "Adam Adele Agnes Albert Alma Amir Ana Andre Anita Anton Arthur Astrid Bella Boris Carla "
        "Carmen Cecil Clara Conrad Dana Daniel Daria David Diego Dora Edgar Elena Elias Ella Emil "
        "Emma Enzo Erik Esther Eva Fatima Felix Fiona Frank Frida George Greta Gustav Hanna Hans "
        "Harold Hassan Helen Henry Hugo Ida Igor Ines Irene Isaac Ivan Jack James Jane Jasper John "
        "Jonas Julia Karen Karl Kenji Lara Laura Lena Leo Lily Linda Louis Lucas Lucy Maria Mark "
        "Martha Martin Mary Max Mei Michael Mila Nadia Nina Noah Olga Oliver Omar Oscar Paul Peter "
        "Petra Priya Rachel Ravi Robert Rosa Ruth Sam Sara Simon Sofia Sven Tara Theo Thomas Tina "
        "Tom Uma Vera Victor Walter Wendy Yara Yuki Zara"
    ).split(),
    "test": (
        "Alan Barbara Bruno Cora Dennis Edith Ethan Flora Gavin Gloria Grace Ian Ingrid "
        "Joel Judith "
        "Kevin Kira Liam Marco Mona Nora Otto Paula Quentin Rita Sean Stella Tobias Vivian Wanda"
    ).split(),
}
ADJECTIVES = {
    "train": (
        "Blue Bright Clear Crystal Eastern Golden Grand Green Happy Hidden High Little "
        "Lucky Modern "
        "New Northern Old Open Quiet Rapid Red Royal Silver Simple Small Smart Southern "
        "Sunny Swift "
        "Upper White Wild"
    ).split(),
    "test": "Amber Bold Calm Distant Early Gentle Lower Misty Noble Purple Velvet Western".split(),
}
NOUNS = {
    "train": (
        "Anchor Arrow Bay Bear Bridge Castle Circle Cloud Creek Eagle Field Forest Fox Garden Gate "
        "Harbor Hill Horizon Island Lake Leaf Lion Meadow Moon Mountain Oak Ocean "
        "Orchard Path Pine "
        "River Rock Rose Star Stone Sun Tower Valley Wave Wind"
    ).split(),
    "test": (
        "Beacon Canyon Delta Falcon Grove Lantern Maple Otter Prairie Raven Summit Willow"
    ).split(),
}
COMPANY_ENDS = (
    "Labs Systems Group Foods Logistics Bank Media Works Energy Software Partners Travel Motors "
    "Studio Health Consulting Trading Books Bakery Insurance Airlines Design Robotics"
).split()
THINGS = (
    "camera lamp phone printer bike chair desk watch kettle radio heater tent drone scanner router "
    "tablet laptop mixer fan pump boiler sensor speaker backpack engine toaster vacuum monitor"
).split()
GENERIC = {
    "company": ["the company", "our company", "the shop", "the firm", "the store", "the agency"],
    "product": ["the device", "the new model", "the machine", "our product", "the standard model"],
    "person": ["the director", "the new colleague", "the trainer", "the author", "the winner"],
    "plan": ["the plan", "the basic plan", "the premium plan", "the free plan", "the team plan",
             "the starter plan", "the business plan", "the pro plan", "the annual plan"],
    "event": ["the event", "the meeting", "the workshop", "the course", "the conference"],
    "venue": ["the hotel", "the museum", "the library", "the gym", "the office", "the restaurant"],
    "project": ["the project", "the team", "our team", "the department", "the program"],
    "country": ["the country", "the island", "the kingdom"],
}  # fmt: skip
COLORS = "red blue green black white yellow orange purple brown gray pink silver".split()
MATERIALS = "steel wood glass plastic leather cotton bamboo copper paper rubber stone wool".split()
JOBS = (
    "teacher doctor nurse lawyer baker pilot painter writer singer carpenter plumber farmer chef "
    "designer programmer manager librarian photographer translator driver mechanic journalist "
    "dentist gardener biologist geologist"
).split()
HOBBIES = (
    "chess sailing hiking painting cooking swimming cycling dancing reading fishing running "
    "gardening skiing climbing photography pottery tennis football knitting archery"
).split()
FOODS = (
    "pizza pasta rice soup salad sushi curry bread cheese pancakes noodles dumplings potatoes "
    "tomato_soup apple_pie fish tacos lentils"
).split()
PETS = "cat dog parrot rabbit hamster turtle horse goldfish lizard canary ferret goat".split()
LANGS = (
    "French German Spanish Italian Dutch Polish Greek Arabic Japanese Korean Turkish Hindi".split()
)
SECTORS = (
    "furniture toys software shoes bicycles medicine clothing jewelry insurance coffee cheese "
    "batteries glasses carpets tools boats perfume paper"
).split()
MONTHS = (
    "January February March April May June July August September October November December"
).split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
STREETS = "Street Road Avenue Lane Square".split()
CURRENCIES = ["euros", "dollars", "pounds", "francs", "crowns"]


# Plain words as names: one middle part of the training ties names to facts by them, because a name
# of one token is matched long before one of five.
SIMPLE = (
    "Able Act Air Animal Apple Area Art Baby Ball Band Bank Beach Bed Bell Bird Board Boat Body "
    "Book Boss Bottle Bowl Box Boy Branch Bread Brother Brush Bus Camp Candle Cap Card Carpet Cart "
    "Cat Chain Chair Chalk Child Church City Class Clock Coat Coin Cook Corn Cow Crown Cup Dance "
    "Desk Dish Doctor Dog Door Dress Drum Duck Ear Earth Egg Engine Eye Face Farm Father Feather "
    "Finger Fire Fish Flag Floor Flower Foot Fork Frame Friend Frog Fruit Game Girl Glass Glove "
    "Goat Grass Ground Guest Guide Hair Hand Hat Heart Hole Home Honey Horn Horse House Ice Ink "
    "Iron Jar Jewel Joke Judge Juice Key King Kitchen Knee Knife Knot Ladder Lamp Land Leg Lemon "
    "Letter Light Line Lip Lock Lunch Machine Map Mask Meal Meat Milk Mirror Money Mother Mouse "
    "Mouth Music Nail Name Neck Needle Nest Net Nose Note Nut Oil Onion Orange Oven Page Paint "
    "Paper Park Pen Pencil Picture Pig Pin Pipe Plane Plant Plate Pocket Point Pot Powder Prince "
    "Queen Rail Rain Rat Ring Road Roof Room Root Rope Sack Salt Sand School Sea Seat Seed Sheep "
    "Shelf Ship Shirt Shoe Shop Sister Skin Skirt Sky Smoke Snow Soap Sock Son Spoon Spring Square "
    "Stamp Station Steam Stem Step Stick Store Storm Street Sugar Table Tail Thread Ticket Tiger "
    "Time Toe Tongue Tooth Town Toy Train Tray Tree Trick Trip Trouble Tub Umbrella Uncle Vase "
    "Vest Voice Wagon Walk Wall Watch Water Wheel Whip Whistle Window Wing Winter Wire Wood Word "
    "Wool Worm Wrist Yard Year Zoo"
).split()


@dataclass(frozen=True, slots=True)
class Fact:
    """One true statement of a generated world: ``subject`` has ``value`` under ``relation``."""

    subject: str
    relation: Relation
    value: str


def syllable_split(syllable: str) -> str:
    """Return ``"test"`` for about one syllable in five, by a hash of its spelling.

    >>> {syllable_split(s) for s in ("zor", "vex", "mar", "lo", "brin", "dak", "fu", "tal")} <= {
    ...     "train", "test"}
    True
    """
    return "test" if zlib.crc32(syllable.encode()) % 5 == 0 else "train"


class World:
    """A seeded source of names, values and facts of one split.

    All state besides two switches is the random stream: a whole corpus follows from one seed.
    """

    def __init__(self, seed: int | str, split: str = "train") -> None:
        self.rng = random.Random(f"{seed}/{split}")
        self.split = split
        self.more = False  # the wordings of the second part, too
        self.simple = 0.0  # share of names that are plain words of one or two tokens

    # names ---------------------------------------------------------------------------------

    def syllable(self, *, last: bool) -> str:
        rng = self.rng
        while True:
            text = rng.choice(ONSETS) + rng.choice(VOWELS)
            if last or rng.random() < 0.35:
                text += rng.choice(CODAS) if rng.random() < 0.7 else ""
            if syllable_split(text) == self.split:
                return text

    def word(self) -> str:
        """An invented capitalized word of one to three syllables that is not a forbidden name."""
        if self.simple and self.rng.random() < self.simple:
            return self.rng.choice(SIMPLE)
        while True:
            count = self.rng.choice((1, 2, 2, 2, 2, 3))
            parts = [self.syllable(last=i == count - 1) for i in range(count)]
            text = "".join(parts).capitalize()
            if len(text) >= 4 and not any(bad in text.lower() for bad in FORBIDDEN):
                return text

    def pair(self) -> str:
        return f"{self.rng.choice(ADJECTIVES[self.split])} {self.rng.choice(NOUNS[self.split])}"

    def person(self) -> str:
        first = self.rng.choice(FIRST_NAMES[self.split]) if self.rng.random() < 0.7 else self.word()
        return f"{first} {self.word()}" if self.rng.random() < 0.85 else first

    def company(self) -> str:
        stem = self.word() if self.rng.random() < 0.7 else self.pair()
        return f"{stem} {self.rng.choice(COMPANY_ENDS)}" if self.rng.random() < 0.55 else stem

    def product(self) -> str:
        rng, roll = self.rng, self.rng.random()
        if roll < 0.3:
            return self.word()
        if roll < 0.55:
            return f"the {self.word()} {rng.choice(THINGS)}"
        if roll < 0.75:
            return f"{self.word()} {rng.choice(['Pro', 'Mini', 'Plus', 'Air', 'Max', 'Go'])}"
        if roll < 0.9:
            return f"{self.word()} {rng.randint(2, 900)}"
        return f"the {self.pair()} {rng.choice(THINGS)}"

    def subject(self, kind: str, *, generic: float = 0.08) -> str:
        """A fresh subject of ``kind``; with probability ``generic`` an unnamed one ("the shop")."""
        rng = self.rng
        if rng.random() < (0.35 if kind == "plan" and generic else generic):
            return rng.choice(GENERIC[kind])
        stem = self.word() if rng.random() < 0.75 else self.pair()
        if kind == "company":
            return self.company()
        if kind == "product":
            return self.product()
        if kind == "person":
            return self.person()
        if kind == "plan":
            return f"the {stem} {rng.choice(['plan', 'plan', 'package', 'subscription', 'tier'])}"
        if kind == "event":
            end = rng.choice(["festival", "conference", "workshop", "fair", "meetup", "race"])
            return f"the {stem} {end}"
        if kind == "venue":
            end = rng.choice(["museum", "library", "hotel", "theater", "gym", "cafe", "clinic"])
            return rng.choice([f"the {stem} {end}", f"Hotel {stem}", f"the {stem} {end}"])
        if kind == "project":
            return rng.choice([f"Project {stem}", f"the {stem} team", f"the {stem} project"])
        if kind == "country":
            return self.word()
        raise KeyError(kind)

    def similar(self, subject: str, kind: str) -> str:
        """Another name that shares most of its words or its first letters with ``subject``."""
        words = subject.split()
        fixed = {"the", "The", "Project", "Hotel"}
        spots = [i for i, w in enumerate(words) if w not in fixed and w[0].isupper()]
        if not spots:
            return self.subject(kind, generic=0)
        spot = self.rng.choice(spots)
        old = words[spot]
        while True:
            new = self.word()
            if len(spots) == 1 and len(words) == 1 and len(old) >= 5:
                new = old[: len(old) - self.rng.randint(2, 3)] + self.word()[-3:].lower()
            if new != old and not any(bad in new.lower() for bad in FORBIDDEN):
                return " ".join([*words[:spot], new, *words[spot + 1 :]])

    # values --------------------------------------------------------------------------------

    def number(self, low: int, high: int) -> str:
        """A number with a random count of digits, so that short ones are as common as long ones."""
        digits = self.rng.randint(len(str(low)), len(str(high)))
        value = self.rng.randint(max(low, 10 ** (digits - 1)), min(high, 10**digits - 1))
        if value >= 1000 and self.rng.random() < 0.4:
            return f"{value:,}"
        return str(value)

    def value(self, type_: str) -> str:
        rng = self.rng
        if type_ == "person":
            return self.person()
        if type_ == "company":
            return self.company()
        if type_ == "product":
            return self.product().removeprefix("the ")
        if type_ == "city":
            return (
                self.word()
                if rng.random() < 0.85
                else f"{rng.choice(['New', 'Port', 'San', 'Lake'])} {self.word()}"
            )
        if type_ == "year":
            return str(rng.randint(1850, 2029))
        if type_ == "count":
            return self.number(2, 20000)
        if type_ == "small":
            return str(rng.randint(2, 60))
        if type_ == "price":
            amount = self.number(1, 9000)
            roll = rng.random()
            if roll < 0.15:
                return f"${amount}"
            if roll < 0.25:
                return f"{rng.randint(1, 99)}.{rng.randint(10, 99)} {rng.choice(CURRENCIES)}"
            return f"{amount} {rng.choice(CURRENCIES)}"
        if type_ == "percent":
            return rng.choice([f"{rng.randint(1, 99)}%", f"{rng.randint(1, 99)} percent"])
        if type_ == "days":
            unit = rng.choice(["days", "days", "weeks", "business days", "months", "hours"])
            return f"{rng.randint(2, 90)} {unit}"
        if type_ == "months":
            return f"{rng.randint(2, 60)} {rng.choice(['months', 'years', 'years', 'weeks'])}"
        if type_ == "hours":
            return f"{rng.randint(2, 72)} {rng.choice(['hours', 'hours', 'minutes', 'days'])}"
        if type_ == "clock":
            hour = rng.randint(1, 12)
            minute = rng.choice(["", ":15", ":30", ":45", ":00"])
            return (
                f"{hour}{minute} {rng.choice(['am', 'pm'])}"
                if rng.random() < 0.7
                else (f"{rng.randint(0, 23):02d}:{rng.choice(['00', '15', '30', '45'])}")
            )
        if type_ == "span":
            if rng.random() < 0.5:
                return f"{rng.randint(5, 11)} am to {rng.randint(1, 11)} pm"
            start = f"{rng.randint(6, 11)}:{rng.choice(['00', '30'])}"
            return f"{start} to {rng.randint(12, 22)}:{rng.choice(['00', '30'])}"
        if type_ == "date":
            day, month = rng.randint(1, 28), rng.choice(MONTHS)
            form = rng.random()
            if form < 0.5:
                return f"{month} {day}"
            return f"{day} {month}" if form < 0.75 else f"{day} {month} {rng.randint(1950, 2029)}"
        if type_ == "monthyear":
            return f"{rng.choice(MONTHS)} {rng.randint(1990, 2029)}"
        if type_ == "weekday":
            return rng.choice(DAYS)
        if type_ == "weight":
            return f"{self.number(2, 900)} {rng.choice(['kilograms', 'grams', 'kg', 'pounds'])}"
        if type_ == "length":
            return f"{self.number(2, 900)} {rng.choice(['centimeters', 'meters', 'cm', 'inches'])}"
        if type_ == "storage":
            return f"{self.number(2, 5000)} {rng.choice(['GB', 'GB', 'MB', 'TB'])}"
        if type_ == "phone":
            return f"{rng.randint(100, 999)}-{rng.randint(1000, 9999)}"
        if type_ == "code":
            letters = "".join(
                rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(rng.randint(1, 3))
            )
            return f"{letters}{rng.choice(['-', ''])}{rng.randint(2, 999)}"
        if type_ == "room":
            return rng.choice(
                [
                    f"room {rng.randint(1, 700)}",
                    f"floor {rng.randint(2, 40)}",
                    f"building {rng.choice('ABCDEFGH')}",
                    f"room {rng.randint(1, 700)}",
                ]
            )
        if type_ == "email":
            user = rng.choice(["info", "help", "support", "office", "sales", self.word().lower()])
            return f"{user}@{self.word().lower()}.{rng.choice(['com', 'org', 'net'])}"
        if type_ == "address":
            return f"{rng.randint(1, 250)} {self.word()} {rng.choice(STREETS)}"
        if type_ == "population":
            return rng.choice([f"{rng.randint(2, 90)} million", self.number(200, 90000)])
        if type_ == "food":
            return rng.choice(FOODS).replace("_", " ")
        if type_ == "currency":
            return self.word().lower() if rng.random() < 0.6 else rng.choice(CURRENCIES)[:-1]
        lists = {"color": COLORS, "material": MATERIALS, "job": JOBS, "hobby": HOBBIES,
                 "pet": PETS, "language": LANGS, "sector": SECTORS}  # fmt: skip
        return rng.choice(lists[type_])

    def fact(self, subject: str, relation: Relation) -> Fact:
        return Fact(subject=subject, relation=relation, value=self.value(relation.value))

    def relations(self, kind: str) -> tuple[Relation, ...]:
        return RELATIONS[kind]
