"""The grammar of a refusal for missing context, matched at the start of a folded sentence.

Anchored in the speaker ("I don't have ...") or in the source ("the passage does not say ..."), so
that refusal words inside an answer ("the report says the cause is unknown") do not match.
Sentences arrive case-folded, with one kind of apostrophe, dash and space.
"""

# ruff: noqa: E501 - one pattern per line is easier to read and to compare than wrapped ones

from __future__ import annotations

import functools
import re

_SOURCE = (
    r"(?:contexts?|passages?|texts?|documents?|sources?|articles?|excerpts?|paragraphs?|snippets?"
    r"|information|materials?|data|details?|reports?|pages?|website|content|references?|notes?"
    r"|manual|faq|records?|knowledge base|documentation|question|story|chapter|transcript|handbook"
    r"|conversation)"
)
_THE = r"(?:the|this|these|that|those|your|my|our|any|any of the|none of the|neither of the|given)"
_PLACED = (
    r"(?: (?:provided|given|above|supplied|available|at hand|here|itself|shown|in question"
    r"|(?:that )?(?:i have|i was given|i've been given|you provided|you gave|you have given"
    r"|is provided|was provided|were provided)(?: me)?))?"
)
_NP = rf"{_THE} (?:[\w'-]+ ){{0,2}}{_SOURCE}{_PLACED}"
_NOT = (
    r"(?:does not|doesn'?t|do not|don'?t|did not|didn'?t|cannot|can not|can'?t|is not|isn'?t"
    r"|are not|aren'?t|was not|wasn'?t|were not|weren'?t|has not|hasn'?t|have not|haven'?t"
    r"|never|nowhere)"
)
_ADV = r"(?:(?:really|simply|just|currently|honestly|still|actually|explicitly|directly|even|yet|clearly|specifically|ever) )*"
_SAY = (
    r"(?:contain|mention|say|said|state|stated|specify|provide|include|give|tell|answer|indicate"
    r"|describe|discuss|address|reveal|cover|disclose|offer|have enough|have any|have the|have"
    r"|explain|clarify|confirm|note|list|name|identify|talk|refer|make|supply|contain|allow|support"
    r"|sufficient|enough|clear|relevant|mentioned|specified|included|described|covered"
    r"|discussed|adequate|be answered|be determined|answerable|possible)"
)
_THING = (
    r"(?:information|info|context|data|details?|knowledge|answers?|way|idea|evidence|access|documents?"
    r"|documentation|sources?|passages?|material|facts?|clue|records?|background|specifics)"
)
_TELL = (
    r"(?:answer|find|determine|tell|say|provide|give|see|locate|identify|confirm|verify|help"
    r"|respond|infer|conclude|establish|know|extract|derive|state|figure|offer|be sure|be certain"
    r"|comment|address|be determined|be answered)"
)
_GIVEN = (
    r"(?:explicitly |directly |clearly |actually )?(?:mentioned|stated|specified|provided|given"
    r"|available|disclosed|known|included|listed|described|found|contained|covered|answered"
    r"|discussed|clear|determinable|indicated|present|addressed)"
)
_CANNOT = r"(?:cannot|can not|can'?t|could not|couldn'?t)"
_IN_SOURCE = rf"(?:in|by|from|within|based on|on the basis of|according to) {_NP}"

OPENERS = re.compile(
    r"(?:(?:(?:i'?m|i am|we'?re|we are) (?:very |really |so |truly |terribly )?(?:sorry|afraid)"
    r"(?: (?:that|but))?|sorry|apologies|my apologies|i apologi[sz]e(?: for [\w ]{1,40})?"
    r"|unfortunately|regrettably|sadly|well|hmm|ok|okay|currently|at this time|at the moment|no(?=,)|but"
    r"|as an ai(?: (?:language model|assistant|model))?|answer:|a:"
    r"|(?:based (?:only |solely |purely )?on|according to|from|given|with|without|in|using|going by)"
    r" (?:only )?(?:the|this|these|that|what|your|my|any|more|further|enough|additional|just)"
    r"[^,.;:]{0,70}"
    r"|es tut mir (?:sehr )?leid|tut mir (?:sehr )?leid|leider|entschuldigung|désolée?"
    r"|je suis (?:vraiment )?désolée?|malheureusement|lo siento|lamentablemente|por desgracia"
    r"|desafortunadamente|perdón|disculpa|(?:非常|很)?抱歉|对不起|對不起|不好意思"
    r"|(?:大変)?申し訳(?:ありません|ございません)が?|すみませんが?|残念ながら)\s*[,;:.!、,-]*\s*)+"
)

_ENGLISH = (
    # the speaker
    rf"(?:i|we) {_ADV}(?:do not|don'?t|did not|didn'?t) {_ADV}(?:have|see|find|possess) .{{0,60}}?\b{_THING}\b",
    rf"(?:i|we) (?:have|was given|were given|'ve been given) (?:no|not enough|insufficient|too little) .{{0,40}}?\b{_THING}\b",
    rf"(?:i|we) (?:lack|am missing) .{{0,40}}?\b{_THING}\b",
    rf"(?:i|we) {_ADV}(?:do not|don'?t) {_ADV}know\b",
    rf"(?:i|we) {_ADV}(?:cannot|can not|can'?t|could not|couldn'?t|am unable to|are unable to|am not able to|are not able to|was unable to|was not able to|will not|won'?t) {_ADV}{_TELL}\b",
    r"(?:i'?m|we'?re) (?:not able|unable) to\b",
    r"(?:i'?m|i am|we are) (?:not (?:sure|certain|aware|familiar)|unsure|uncertain)\b",
    rf"(?:i|we)(?: would|'d)? need (?:(?:more|additional|further) (?:of the )?{_SOURCE}|(?:some )?(?:information|context|details))\b",
    r"(?:i|we) (?:was|were|have|'ve) (?:not|never) (?:been )?told\b|(?:i|we) (?:wasn'?t|weren'?t|haven'?t been) told\b",
    r"(?:i|we) (?:must |have to |will have to )?(?:decline|refuse|abstain)\b",
    r"(?:i|we) have never heard of\b|i have no idea\b|i've no idea\b",
    r"you (?:did not|didn'?t|have not|haven'?t) (?:provide|give|include|share|mention)\w*",
    r"(?:please|could you|can you|would you)(?: please)? (?:provide|share|give|supply|paste|add)\b.{0,40}\b(?:context|information|details|documents?|passage|text|source)\b",
    # no speaker, no source
    r"(?:there (?:is|are|was|were)|there's) (?:(?:not enough|insufficient|not sufficient|too little) (?:[\w-]+ ){0,2}(?:information|context|details|data|evidence)\b|no (?:[\w-]+ ){0,2}(?:information|context|mention|answer|details|reference)\b(?= (?:about|on|regarding|in|to|for|that|of|available|provided|given|here|which|as to|concerning|from|within|whether|how|who|when|where|what)\b|\W*$))",
    rf"there (?:isn'?t|is not|aren'?t|are not|wasn'?t) (?:enough|any|sufficient) (?:[\w-]+ ){{0,2}}{_THING}\b",
    rf"(?:not enough|insufficient|too little|no sufficient) (?:[\w-]+ ){{0,2}}{_THING}\b",
    r"no (?:relevant |specific |further |such |supporting )?(?:information|context|answer|mention|details|passage|document|source)s?\b(?= (?:is|was|are|were|has|have|given|provided|found|available|about|on|regarding|in|for|to|of|contains?|mentions?|says?)\b|\W*$)",
    rf"(?:unable to|cannot|can'?t|can not|could not|couldn'?t|not able to|not possible to|impossible to) {_ADV}(?:be )?{_TELL}\b",
    rf"(?:it is|it'?s) (?:not possible|impossible|not clear|unclear|not known|unknown) (?:to {_TELL}\b|(?:.{{0,40}} )?{_IN_SOURCE})",
    rf"(?:it|that|this) (?:is not|isn'?t|was not|wasn'?t|'s not) (?:explicitly |directly |something )?(?:mentioned|stated|specified|said|provided|given|in|covered by|something) ?(?:{_NP}|i can {_TELL}\b|\W*$)",
    r"it (?:does not|doesn'?t|did not|didn'?t) (?:say|mention|specify|state)\b",
    rf"(?:that|this|it) (?:is|'s) (?:outside|beyond) (?:the scope|what|my|{_NP})",
    r"(?:do not|don'?t) know\b|no idea\b|not sure\b",
    rf"not {_GIVEN}(?:\W*$| {_IN_SOURCE})|not in {_NP}",
    r"(?:more|additional|further) (?:context|information|details) (?:is|are|would be|was) (?:needed|required|necessary)",
    # the source
    rf"(?:{_NP}|neither (?:of the )?{_SOURCE}|none of {_NP}|no {_SOURCE}|nothing in {_NP}) (?:[\w'-]+ ){{0,3}}?{_NOT} {_ADV}{_SAY}\b",
    rf"{_NP} (?:only|just|merely) [^,.]{{1,60}} (?:and|but) {_NOT} {_ADV}{_SAY}\b",
    rf"{_NP} (?:is not|isn'?t|are not|aren'?t|was not|wasn'?t) (?:provided|given|available|found|known)(?: (?:here|to me|to answer|in|by|from)\b|\W*$)",
    rf"{_NP} (?:{_ADV})(?:fails? to|lacks?|has no|have no|contains? no|contains? nothing|provides? no|gives? no|makes? no|offers? no|includes? no|says? nothing|mentions? nothing|tells? us nothing|is silent|are silent|is insufficient|are insufficient|is unclear|omits?|leaves? out)\b",
    rf"(?:nothing here|(?:nothing in|none of|neither of|neither|no) (?:{_NP}|{_SOURCE})) (?:{_SAY}|says?|mentions?|states?|answers?|tells?|indicates?|contains?|gives?|provides?|suggests?|explains?)\b",
    rf"(?:the|this|that|your) (?:answer|question) (?:to (?:this|that|your|the) question )?(?:is not|isn'?t|cannot|can not|can'?t|could not|is unknown|is unclear|is not known) ?(?:be )?(?:{_GIVEN}|determined|in {_NP}|to be found|known|\W*$)",
    rf"(?!.{{0,80}}\b(?:says?|states?|notes?|reports?|writes?|explains?|claims?|found|concludes?)\b).{{1,90}}? (?:is|are|was|were|has|have)(?: been)? ?(?:not|n't|never)(?: been)? {_GIVEN} (?:anywhere )?{_IN_SOURCE}",
    rf"(?!.{{0,80}}\b(?:says?|states?|notes?|reports?|writes?|explains?|claims?|concludes?)\b).{{1,90}}? {_CANNOT} be (?:determined|answered|found|inferred|known|established)\b.{{0,20}}?(?:{_IN_SOURCE}|without)",
    rf"(?:this|that|it) {_CANNOT} be answered\b",
    r"(?:the|this|that|these|such) (?:[\w'-]+ ){0,5}?(?:is|are|was|were) not (?:mentioned|specified|stated|disclosed)(?:\W*$| (?:here|anywhere))",
)
# Said of the world as well as of the source: with a citation it is an answer ("The builder could
# not be determined [1].").
_WEAK = (
    r"(?:unknown|unanswerable|n/a|not answerable|no answer|none given|not known)(?:\W*$|, (?=perhaps|maybe|possibly|probably|but))",
    r"(?:it is|it's|it was) (?:not (?:known|stated|specified|mentioned|given|said|clear)|unknown|unclear) (?:who|whom|whose|what|which|when|where|why|how|whether|if)\b",
    rf"(?!.{{0,80}}\b(?:says?|states?|notes?|reports?|writes?|explains?|claims?|concludes?)\b).{{1,90}}? {_CANNOT} be (?:determined|answered|found|inferred|known|established)\b.{{0,20}}?\W*$",
)
_GERMAN = (
    r"(?:ich|wir) (?:habe|haben|verfüge|verfügen|besitze) .{0,40}?(?:nicht genug|nicht genügend|nicht ausreichend|keine?n?|zu wenig|unzureichend)\w* .{0,20}?(?:kontext|information|angabe|daten|wissen|antwort|hinweis)\w*",
    r"(?:ich|wir) (?:kann|können|könnte) .{0,60}?nicht .{0,30}?(?:beantworten|sagen|finden|bestimmen|antworten|feststellen|entnehmen|ermitteln)",
    r"(?:das|dies|die frage|diese frage) (?:kann|lässt) .{0,40}?nicht (?:beantwort|bestimm|sag|feststell|entnehm)\w*",
    r"(?:(?:ich|das|dies) )?weiss (?:ich )?(?:es |das |dies )?(?:leider )?nicht",
    r"(?:aus )?(?:der|die|das|dem|den|dieser|diesem|diese|im|in der|in dem|in den) (?:[\w-]+ ){0,2}(?:kontext|text|dokument|quelle|abschnitt|passage|artikel|information|unterlage|angabe)\w* .{0,60}?\b(?:nicht|keine?n?|nichts)\b",
    r"(?:dazu|darüber|hierzu|hierüber) .{0,30}?(?:keine|nichts|nicht)\b",
    r"(?:es gibt|es liegen|es finden sich|es steht) .{0,30}?(?:keine|nicht genug|nicht genügend|nicht) ?.{0,20}(?:information|angabe|kontext|antwort|hinweis|text)\w*",
    r"(?:keine|nicht genug|nicht genügend|nicht ausreichend|unzureichende?r?|zu wenig) (?:[\w-]+ ){0,2}(?:kontext|information|angabe|antwort|daten)\w*",
)
_FRENCH = (
    r"(?:je|nous) (?:ne |n')(?:\w+ ){0,2}?(?:sais|savons|peux|pouvons|puis|dispose|disposons|trouve|connais|suis|ai|avons|possède|vois|sommes)\b.{0,20}?(?:pas|aucune?|rien)?\b",
    r"(?:le|la|les|ce|cette|ces|l'|cet|aucun|aucune) ?(?:contexte|texte|document|passage|source|article|information|extrait|donnée)s?\b.{0,40}? (?:ne |n').{0,40}?(?:pas|aucune?|rien|contient|mentionne|précise|permet|indique)",
    r"(?:pas assez|pas suffisamment|aucune) (?:de |d')?(?:information|contexte|donnée|réponse|indication)s?\b",
    r"il (?:n'y a|n'existe) (?:pas|aucune?) (?:assez |suffisamment )?(?:de |d')?(?:information|contexte|donnée|réponse|mention|indication)s?\b",
    r"(?:informations?|contexte) insuffisante?s?",
    r"(?:cela|ce|cette information|la réponse|il) (?:ne |n')(?:est|figure|se trouve) pas (?:mentionnée?|précisée?|indiquée?|dans|fournie?)",
)
_SPANISH = (
    r"(?:yo )?no (?:tengo|dispongo|sé|puedo|encuentro|conozco|cuento|me es posible)\b",
    r"no hay (?:suficiente|suficientes|información|contexto|datos|ninguna (?:información|mención|respuesta))\b(?= (?:información|contexto|datos|para|sobre|en|disponible|suficiente|acerca|de)\b|\W*$)",
    r"(?:el|la|los|las|este|esta|estos|ningún|ninguna) (?:contexto|texto|documento|pasaje|fuente|artículo|información|fragmento|pregunta)s?\b.{0,40}?\bno (?:\w+ ){0,2}?(?:contiene|menciona|dice|indica|proporciona|especifica|incluye|es suficiente|responde|ofrece|da|aparece|puede|se)",
    r"(?:contexto|información) insuficiente",
    r"(?:eso |esto |la respuesta )?no se (?:menciona|indica|especifica|dice|proporciona|puede (?:determinar|responder|saber))",
)
_CHINESE = (
    r"(?:我|我们|我們|目前|这里|這裡)?(?:没有|沒有|缺乏|缺少)(?:足够|足夠|充分|相关|相關|任何|充足)?的?(?:上下文|信息|資訊|资料|資料|背景|依据|依據|内容|語境|语境)",
    r"(?:我|我们|我們)?(?:根据|根據|从|從|由)?.{0,16}?(?:无法|無法|不能|没法|沒法)(?:回答|确定|確定|判断|判斷|得知|找到|提供|给出|給出|作答|知道)",
    r"(?:我|我们|我們)(?:并|並)?(?:不知道|不清楚|不确定|不確定)",
    r"(?:不知道|不清楚|未知|未提及|没有提到|沒有提到|未提供)\W*$",
    r".{0,12}(?:上下文|文中|文章|资料|資料|文本|材料|原文|段落|文档|文檔|信息|资讯|資訊)(?:中|里|裡)?.{0,10}(?:没有|沒有|未|并未|並未|并没有|無|无|不)(?:提到|提及|说明|說明|包含|给出|給出|提供|足够|足夠|涉及|说|說|记载|記載|足以|充分|充足)",
    r"(?:信息|資訊|上下文|资料|資料)(?:不足|不够|不夠)",
)
_JAPANESE = (
    r".{0,24}(?:文脈|コンテキスト|情報|資料|文章|本文|文書|根拠|記載|記述|テキスト|ドキュメント).{0,24}?(?:ません|ない|なく|不足|不十分|なかった)",
    r".{0,24}(?:わかりません|分かりません|わからない|回答できません|お答えできません|答えられません|答えることができません|判断できません|不明です|知りません|存じません)",
)


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{p})" for p in patterns))


@functools.cache
def grammar() -> re.Pattern[str]:
    """Sentences that refuse, in every language known. Compiled (70 ms) when first needed."""
    return _any(*_ENGLISH, *_GERMAN, *_FRENCH, *_SPANISH, *_CHINESE, *_JAPANESE)


WEAK_GRAMMAR = _any(*_WEAK)
# Where a refusal may begin behind an answer in the same sentence ("9 am, but I'm not sure").
TURN = re.compile(rf"[,;] (?:(?:but|though|although|and|so) )?(?=(?:i|we|i'?m)\b|{_NP})")
# The refusal was somebody's words ("I don't know," said Tom).
SPOKEN = re.compile(r"[^\w\s]*[\"'][^\w\s]* (?:\w+ ){0,4}(?:said|says|asked|replied|answered)\b")

# What may follow a refusal without being an answer.
HARMLESS = re.compile(
    r"(?:please|could you|can you|would you|if you|let me know|feel free|i (?:would |'d )?(?:hope|recommend"
    r"|suggest|encourage)|sorry|thank|you (?:may|might|could|can|would|should)|for (?:more|further)"
    r"|more (?:context|information|details)|is there anything|do you|bitte|veuillez|merci|por favor"
    r"|请|請|お手数|よろしく|どうぞ"
    rf"|they {_NOT} {_SAY}\b"
    rf"|{_NP} (?:only|just|merely|discusses|talks|is about|focuses|deals|covers|mentions|describes))"
)
# A guess or a turn: what follows is an answer after all.
CLAIM = re.compile(
    r"\b(?:however|but (?!.{0,20}\b(?:not|no|n't)\b)|although|though|nevertheless|nonetheless|that said"
    r"|still,|probably|likely|possibly|perhaps|maybe|presumably|i (?:would )?(?:think|believe|guess|assume)"
    r"|i'd (?:say|guess)|my (?:best )?guess|(?:might|could|may|must|should) be\b|in general|generally"
    r"|typically|usually|aber|wahrscheinlich|vermutlich|allerdings|mais|probablement|peut-être"
    r"|pero|probablemente|quizás?|sin embargo)"
    r"|但是?|不过|不過|可能是|大概|也许|しかし|おそらく|たぶん|ただし"
)
