"""Words that carry no content of their own, by language, for the lexical support of a claim.

>>> "the" in function_words("en"), "price" in function_words("en")
(True, False)
"""

from __future__ import annotations


def word_set(words: str) -> frozenset[str]:
    """The words of a text as a set.

    >>> sorted(word_set("a b"))
    ['a', 'b']
    """
    return frozenset(words.split())


_ENGLISH = word_set(
    "a an the this that these those it its itself he him his she her hers they them their "
    "we us our you your i me my mine who whom whose which what when where why how there "
    "here is are was were be been being am isnt arent wasnt werent do does did done doing "
    "doesnt dont didnt has have had having hasnt havent hadnt can could may might must "
    "shall should will would cant cannot couldnt wont wouldnt not no nor never of in on "
    "at by for from to into onto with without within about as than then so such and or "
    "but if because since while although though also too very just only even both either "
    "neither each every all any some more most much many other another same own out up "
    "down over under again once per via during before after between through according "
    "based given passage passages context source sources document documents text states "
    "stated says said mentions mentioned provided answer answers question therefore thus "
    "hence however yes well id ill im its thats theres youre theyre"
)
_GERMAN = word_set(
    "der die das den dem des ein eine einen einem einer eines und oder aber nicht kein "
    "keine ist sind war waren wird werden wurde wurden hat haben hatte kann können muss "
    "müssen soll sollen darf es er sie wir ihr ihre sein seine ich du man sich zu zum zur "
    "in im an am auf aus bei mit nach von vom vor für durch über unter um als wie wenn "
    "dass weil da dort hier auch nur noch schon sehr so ja nein doch dieser diese dieses "
    "jeder jede laut kontext text"
)
_FRENCH = word_set(
    "le la les un une des du de au aux et ou mais ne pas est sont était étaient sera a "
    "ont avait être avoir il elle ils elles on nous vous je tu ce cet cette ces cela ça "
    "se sa son ses leur leurs dans en sur sous par pour avec sans chez vers que qui quoi "
    "dont où comme si plus très aussi y oui non selon contexte texte"
)
_SPANISH = word_set(
    "el la los las un una unos unas de del al a y o u e pero no es son era eran fue ser "
    "está están ha han había hay se su sus lo le les en con por para sin sobre que quien "
    "cual como cuando donde si sí más muy también este esta estos estas eso según "
    "contexto texto"
)
_ITALIAN = word_set(
    "il lo la i gli le un uno una di del della dei delle da dal in nel nella con su per "
    "tra fra e o ma non è sono era ha hanno che chi come se si più anche questo questa ci "
    "al alla sì no"
)
_PORTUGUESE = word_set(
    "o a os as um uma de do da dos das em no na nos nas por para com sem e ou mas não é "
    "são foi era tem que quem como se mais também este esta isso ao à sim"
)
_DUTCH = word_set(
    "de het een en of maar niet geen is zijn was waren wordt worden heeft hebben kan in "
    "op aan bij met van voor door over als dat die dit deze er ook nog ja nee te om"
)
_UNSPACED = frozenset(  # particles and endings of unspaced scripts, a character each
    "的了是在和有为為于於与與及这這那其之以等也都就不没沒很被把我你他她它们們はがをに "
    "でとのもへやからりるすまたてしいなだれくさせんうあそこ은는이가을를에의도로와과다 "
    "니입습하고서기"
)
_BY_LANGUAGE = {
    "en": _ENGLISH,
    "de": _GERMAN,
    "fr": _FRENCH,
    "es": _SPANISH,
    "it": _ITALIAN,
    "pt": _PORTUGUESE,
    "nl": _DUTCH,
}


def function_words(lang: str) -> frozenset[str]:
    """Case-folded, without apostrophes (as ``normalize.tokens`` gives them)."""
    return _BY_LANGUAGE.get(lang, frozenset()) | _UNSPACED
