"""More wordings of the relations, read in the second part of the training only.

The first part had five questions of its own for each relation, too few: a question whose verb was
never seen found the wrong fact. These lists were written after that was measured. They share words
with the wordings that ``facts.py`` holds out, as any two ways of asking for a price do, but none of
them is one (a test compares them). ``~`` lines leave the subject out, as people do on their own
page ("We deliver within 3 days.", "How long does shipping take?"); they are used where a passage
has a single subject without a name.
"""

# ruff: noqa: E501 (one line per list of wordings)

from __future__ import annotations

from dataclasses import dataclass

from facts import RELATIONS


@dataclass(frozen=True, slots=True)
class Wordings:
    """More of one relation; the ``bare`` ones have no place for a subject."""

    statements: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    bare_statements: tuple[str, ...] = ()
    bare_questions: tuple[str, ...] = ()


MORE_FRAMES = (
    "{n} {s}?",
    "What about the {n} of {s}?",
    "Please give me the {n} of {s}.",
    "Find the {n} of {s}.",
    "Which {n} does {s} have?",
    "Which {n} is given for {s}?",
    "What {n} does {s} have?",
    "Is anything said about the {n} of {s}?",
    "I am looking for the {n} of {s}.",
    "According to this, what is the {n} of {s}?",
    "Write down the {n} of {s}.",
    "Let me know {s}'s {n}.",
    "About {s}: what is the {n}?",
    "What do we know about the {n} of {s}?",
    "Any idea what the {n} of {s} is?",
    "{s}: what is the {n}?",
    "Could you look up the {n} of {s}?",
    "Show me the {n} of {s}.",
)
BARE_FRAMES = (
    "What is the {n}?",
    "What's the {n}?",
    "What is your {n}?",
    "Tell me the {n}.",
    "{n}?",
    "Can you tell me the {n}?",
    "I'd like to know the {n}.",
    "What does it say about the {n}?",
    "Please give me your {n}.",
)

_SPEC = r"""
company founder
= {v} set up {s}. / {s} was created by {v}. / It was {v} who started {s}. / {s} owes its start to {v}.
? Who created {s}? / Who began {s}? / Which person started {s}? / Who is behind the founding of {s}? / Who launched {s}? / Who established {s}? / Who got {s} going? / Who opened {s} in the first place?
company manager
= {v} is in charge of {s}. / {v} leads {s}. / {s} is headed by {v}. / The boss of {s} is {v}. / {s} works under {v}.
? Who heads {s}? / Who is the boss of {s}? / Who is at the top of {s}? / Which person manages {s}? / Who is running {s}? / Who directs {s}? / Under whom does {s} work? / Who is the head of {s}?
company founded
= {s} opened its doors in {v}. / {s} began in {v}. / {s} goes back to {v}. / In {v}, {s} was set up. / {s} was created in {v}.
? When was {s} set up? / When was {s} created? / In what year was {s} founded? / When did {s} open its doors? / In which year did {s} begin? / What year did {s} start in? / From which year is {s}? / How old is {s}, from which year?
company headquarters
= {s} sits in {v}. / The home of {s} is {v}. / {s} is a firm from {v}. / {s} works out of {v}. / {v} is home to {s}.
? Which city is {s} in? / Where does {s} sit? / What city is {s} based in? / Where is the main office of {s}? / From where does {s} operate? / Where can {s} be found? / In what town is {s}? / Where is the head office of {s}?
company employees
= {s} has a staff of {v}. / {v} workers are employed at {s}. / The team of {s} has {v} people. / {s} gives work to {v} people.
? How many people are on the staff of {s}? / What is the staff size of {s}? / How big is the team of {s}? / How many staff does {s} have? / How many people are working at {s}? / How many persons does {s} employ? / How many people are in the team at {s}? / What is the size of {s}?
~ We have {v} employees. / Our team has {v} people. / {v} people work here.
~? How many people work here? / How many employees do you have? / How big is your team?
company phone
= To talk to {s}, dial {v}. / The telephone number of {s} is {v}. / {s} answers the phone at {v}. / Dial {v} for {s}. / You reach {s} under {v}.
? What do I dial for {s}? / How can I phone {s}? / Where can I call {s}? / On which number can {s} be reached? / Which telephone number does {s} have? / How do I get {s} on the phone? / Under which number is {s}? / How can I talk to {s} by phone?
~ Call us at {v}. / Our phone number is {v}. / You can reach us by phone at {v}. / Dial {v} to talk to us.
~? How can I call you? / Which number should I dial? / How do I reach you by phone? / What is your number?
company email
= Emails for {s} go to {v}. / {s} reads its mail at {v}. / Questions to {s} should be sent to {v}. / For {s}, use {v}. / {s} answers messages sent to {v}.
? Where do messages for {s} go? / Which address does {s} use for email? / Where should I send my message to {s}? / How can I write to {s}? / Where can I email {s}? / What address do I use to write to {s}? / To where can I send mail for {s}? / At what address does {s} read messages?
~ Write to us at {v}. / Our email address is {v}. / You can email us at {v}. / Send your question to {v}.
~? How can I email you? / Where do I write to? / Where can I send an email? / Which address should I write to?
company hours
= {s} welcomes visitors from {v}. / From {v} the doors of {s} are open. / {s} works from {v}. / {s} serves customers from {v}.
? During which hours is {s} open? / What times is {s} open? / When can I visit {s}? / What are the business hours of {s}? / Between which hours is {s} open? / When can people come to {s}? / At which hours does {s} work? / What hours is {s} open?
~ We are open from {v}. / Our opening hours are {v}. / You can visit us from {v}. / The shop is open from {v}.
~? When are you open? / What are your hours? / At what times are you open? / When can I visit you? / During which hours are you open?
company returns
= Items from {s} can be sent back within {v}. / {s} takes items back for {v}. / You have {v} to return an item to {s}. / The refund period of {s} is {v}. / Send items back to {s} within {v}.
? How long can I send items back to {s}? / How much time does {s} give for returns? / Until when does {s} take items back? / How many days do I have to return something to {s}? / By when must I send things back to {s}? / How long are returns possible at {s}? / Within how many days does {s} take returns? / How long do I have to get my money back from {s}?
~ You can return items within {v}. / Returns are accepted within {v}. / We give refunds for {v}. / Items can be sent back within {v}.
~? How long can I return items? / How long do I have for a refund? / Within what time can I send something back? / Until when can I return an item?
company delivery
= A parcel from {s} takes {v}. / {s} needs {v} to deliver. / {s} sends orders within {v}. / Shipping from {s} takes {v}. / You get your order from {s} after {v}.
? How long does shipping from {s} take? / How soon does {s} deliver? / How quickly does {s} ship? / How long until an order from {s} arrives? / How many days does {s} need to deliver? / When will my order from {s} come? / In what time does {s} deliver? / After how long does a parcel from {s} come?
~ Delivery takes {v}. / Orders arrive within {v}. / We ship in {v}. / Shipping takes {v}. / Your order arrives after {v}.
~? How long does shipping take? / How fast do you deliver? / When will my order arrive? / How long does delivery take? / How soon do orders arrive?
company sector
= {s} deals in {v}. / You can buy {v} from {s}. / {s} offers {v}. / {s} is in the business of {v}. / The product of {s} is {v}.
? What does {s} trade in? / What can be bought from {s}? / What business is {s} in? / What does {s} offer? / Which product does {s} sell? / What goods does {s} make? / What kind of product does {s} make? / In what does {s} deal?
~ We sell {v}. / We make {v}. / Our business is {v}.
~? What do you sell? / What can I buy here? / What do you make?
company vacation
= Workers at {s} have {v} of holiday. / {s} allows {v} of time off. / Everyone at {s} gets {v} off each year. / A year at {s} comes with {v} of leave. / {s} offers {v} of paid vacation.
? How much holiday does {s} give? / How long is the vacation at {s}? / How much time off do people get at {s}? / How many days of leave does {s} give? / What leave do employees of {s} have? / How long can people at {s} go on holiday? / How many days of vacation are there at {s}? / How much annual leave do staff at {s} get?
~ Employees get {v} of vacation. / We give our staff {v} of leave per year. / Everyone has {v} off each year.
~? How much vacation do I get? / How many days off do employees have? / How long is our annual leave?
product price
= {s} goes for {v}. / One pays {v} for {s}. / {s} is priced at {v}. / {s} can be bought for {v}. / To buy {s}, pay {v}.
? What is the cost of {s}? / What do they ask for {s}? / How much money does {s} cost? / At what price is {s} sold? / What would I pay for {s}? / How much do you want for {s}? / How much must I pay for {s}? / For what price can I buy {s}?
~ It costs {v}. / The price is {v}. / You pay {v}.
~? How much is it? / What does it cost? / How expensive is it? / What do I pay?
product color
= The case of {s} is {v}. / {s} is painted {v}. / {s} is available in {v}. / {s} has the color {v}. / You get {s} in {v}.
? In what color do I get {s}? / How does {s} look, which color? / What is the color of the case of {s}? / In which color is {s} available? / Which color is {s} painted in? / Is {s} red or another color? / In what color can I buy {s}? / Which color was chosen for {s}?
product weight
= {s} comes to {v} on the scale. / On the scale {s} shows {v}. / {s} is {v} heavy. / {s} brings {v} to the scale.
? What is the weight of {s}? / How heavy is {s} exactly? / How many kilograms is {s}? / What does {s} bring to the scale? / How much weight does {s} have? / How many grams does {s} have? / Can you say how much {s} weighs? / How light is {s}?
product warranty
= Buyers of {s} have a warranty of {v}. / The guarantee on {s} runs for {v}. / {s} is covered for {v}. / For {v}, repairs of {s} are free. / {s} is under warranty for {v}.
? How long does the guarantee of {s} run? / For how long is {s} covered? / For how long is there a warranty on {s}? / How much warranty do I get with {s}? / What guarantee comes with {s}? / How long are repairs of {s} free? / Until when is {s} under guarantee? / What is the guarantee period of {s}?
~ The warranty is {v}. / It is guaranteed for {v}. / The guarantee covers {v}.
~? How long is the warranty? / How long does the guarantee last? / For how long is it covered?
product maker
= {s} is built by {v}. / {v} produces {s}. / The manufacturer of {s} is {v}. / {v} is the firm behind {s}. / {s} is a product of {v}.
? Who built {s}? / Which firm makes {s}? / Who manufactures {s}? / What company produces {s}? / From which company is {s}? / Who is the manufacturer of {s}? / Which company is behind {s}? / Where does {s} come from, which maker?
product released
= {s} first appeared in {v}. / {s} was presented in {v}. / {s} went on sale in {v}. / Since {v} you can buy {s}. / {s} hit the shops in {v}.
? When was {s} presented? / Since when can I buy {s}? / When did {s} hit the shops? / When did {s} first appear? / In which month did {s} come out? / When was {s} put on sale? / From when is {s}? / What month was {s} launched in?
product battery
= {s} needs a charge after {v}. / After {v} the battery of {s} is empty. / The running time of {s} is {v}. / A full battery lets {s} run {v}. / {s} holds its charge for {v}.
? How long does a charge of {s} last? / When is the battery of {s} empty? / What is the running time of {s}? / How long can {s} run? / How long does {s} work without charging? / For how long does {s} hold its charge? / After how long must I charge {s}? / How many hours does {s} run?
~ The battery lasts {v}. / It runs for {v} on one charge.
~? How long does the battery last? / How long does it run?
product material
= {s} was made from {v}. / They use {v} for {s}. / The case of {s} is made of {v}. / {s} is all {v}.
? From what is {s} made? / What is {s} built from? / What was used to make {s}? / What material does {s} have? / What stuff is {s} made of? / What do they use for {s}? / What is the body of {s} made of? / Which material does {s} consist of?
product designer
= The design of {s} is by {v}. / {v} came up with {s}. / {v} invented {s}. / The idea for {s} came from {v}. / {s} is a design of {v}.
? Who drew {s}? / Who had the idea for {s}? / Who made the design of {s}? / Which person designed {s}? / Who thought of {s}? / Whose idea is {s}? / From whom is the design of {s}? / Who is the inventor of {s}?
product size
= {s} is {v} in length. / From end to end {s} is {v}. / {s} reaches {v}. / {s} takes up {v}.
? How big is {s} exactly? / What does {s} measure? / How wide is {s}? / What length does {s} have? / How large is {s} in length? / Tell me how long {s} is. / What is the size of {s}? / How much space does {s} take up?
product shelf
= {s} lies on shelf {v}. / Shelf {v} holds {s}. / On shelf {v} there is {s}. / {s} has its place on shelf {v}.
? Where is {s} kept? / On which shelf do I find {s}? / Where can I find {s}? / Which shelf should I go to for {s}? / What shelf is {s} on? / Where does {s} lie? / Which shelf is {s} on? / Where did they put {s}?
product stock
= {v} units of {s} are left. / {v} of {s} are in the warehouse. / Our stock of {s} is {v} pieces. / Of {s} there are {v} pieces left.
? How many of {s} are left? / How many pieces of {s} are in stock? / How many units of {s} does the warehouse hold? / How many of {s} can we sell? / How much of {s} is in the warehouse? / How many pieces are left of {s}? / How many units of {s} do we have? / What is in stock of {s}?
person birthplace
= {v} is the hometown of {s}. / {s} is from {v}. / {s} saw the light of day in {v}. / {s} spent a childhood in {v}. / {s} was a child in {v}.
? Which city was {s} born in? / From which city is {s}? / What is the hometown of {s}? / What place does {s} come from? / Where was {s} a child? / Where did {s} spend childhood? / In which town was {s} born? / What city is {s} from?
person residence
= {s} has an apartment in {v}. / {s} settled in {v}. / {s} is at home in {v}. / The house of {s} is in {v}. / Today {s} lives in {v}.
? Where is {s} at home? / In what city does {s} live? / Which town does {s} live in? / Where does {s} have a house? / What city does {s} call home? / Where did {s} move to? / Where does {s} live now? / In which town is {s} living?
person job
= {s} is employed as a {v}. / The profession of {s} is {v}. / {s} became a {v}. / {s} makes a living as a {v}.
? What job does {s} have? / What is the profession of {s}? / What is {s} by job? / How does {s} earn money? / What did {s} become? / In what job does {s} work? / What work does {s} do? / What is the occupation of {s}?
person employer
= {v} employs {s}. / {v} pays {s}. / {s} has a job at {v}. / {s} is on the staff of {v}. / {s} joined {v}.
? At which firm does {s} work? / By whom is {s} employed? / Which company employs {s}? / For whom does {s} work? / Who pays {s}? / What company does {s} work at? / For which company does {s} work? / Which company did {s} join?
person birthday
= On {v}, {s} was born. / {s} has a party every {v}. / {v} is the birthday of {s}. / {s} came into the world on {v}.
? What is the date of birth of {s}? / What day was {s} born on? / When does {s} celebrate? / On what day is the birthday of {s}? / When is the party of {s}? / What is the birthday of {s}? / On which date was {s} born? / What date is {s}'s birthday?
person hobby
= In free time, {s} goes for {v}. / {s} is fond of {v}. / For fun {s} does {v}. / {s} spends free time on {v}. / {s} has {v} as a hobby.
? What does {s} do in the evenings? / What is {s} fond of? / What does {s} do in free time? / How does {s} relax? / What does {s} love to do? / Which pastime does {s} have? / What is {s}'s favorite pastime? / On what does {s} spend free time?
person food
= For dinner {s} wants {v}. / {s} prefers {v}. / {s} loves {v}. / The best dish for {s} is {v}. / {s} cooks {v} every Sunday.
? What does {s} prefer to eat? / What would {s} like for dinner? / Which dish does {s} prefer? / What meal does {s} like? / What does {s} eat most? / What is the favorite dish of {s}? / Which food does {s} love? / What does {s} order?
person pet
= There is a {v} at the home of {s}. / {s} looks after a {v}. / {s} takes care of a {v}. / At home {s} has a {v}.
? What animal does {s} own? / What kind of animal does {s} have? / Which animal does {s} keep? / What pet lives with {s}? / Which kind of pet is there at {s}'s home? / What animal does {s} take care of? / What sort of pet does {s} have? / What does {s} keep as a pet?
person language
= {s} talks {v} at home. / The mother tongue of {s} is {v}. / {s} knows {v}. / You can talk {v} with {s}.
? What is the mother tongue of {s}? / In which language can I talk to {s}? / Which language does {s} know? / In what language does {s} talk? / What does {s} talk at home? / Which language is {s} fluent in? / Which tongue does {s} speak? / What language should we use with {s}?
person office
= The desk of {s} is in {v}. / {s} is in {v}. / Look for {s} in {v}. / {s} can be found in {v}. / {s} has a desk in {v}.
? Where is {s}'s desk? / Which room is {s} in? / Where should I look for {s}? / Where in the house is {s}? / Where is the room of {s}? / Where do I find {s}? / Where does {s} have a desk? / What room does {s} sit in?
person extension
= To reach {s}, dial {v}. / {s} can be called on {v}. / The direct line of {s} is {v}. / Under {v} you reach {s}. / Dial {v} to talk to {s}.
? What is the extension of {s}? / How can I call {s}? / What do I dial to reach {s}? / What number does {s} have? / How do I get {s} on the phone? / Which number should I dial for {s}? / On which number is {s}? / How can I speak with {s} by phone?
plan fee
= A month of {s} costs {v}. / {s} is {v} a month. / For {s} we ask {v} per month. / {s} sets you back {v} per month. / Each month {s} costs {v}.
? What is the cost of {s}? / What is the monthly price of {s}? / How much is {s} per month? / What does a month of {s} cost? / What do you charge for {s}? / How much will I pay for {s}? / How much does {s} cost a month? / At what price is {s} billed?
~ It costs {v} per month. / The monthly fee is {v}. / You pay {v} a month.
~? How much is it per month? / What does it cost? / How much do I pay each month? / What is the monthly price?
plan users
= {v} users fit on {s}. / {s} is made for {v} users. / On {s} there is room for {v} people. / {s} covers {v} accounts.
? How many seats does {s} have? / How many people can be on {s}? / How many users fit on {s}? / What is the user limit on {s}? / How many users can work with {s}? / How many persons may use {s}? / How many users does {s} cover? / For how many users is {s} made?
~ Up to {v} users are included. / You can add {v} users.
~? How many users are included? / How many people can use it? / How many users can I add?
plan storage
= {s} has room for {v}. / There is {v} of space on {s}. / You can keep {v} on {s}. / {s} lets you store {v}.
? How much room is there on {s}? / How much can I keep on {s}? / How much disk space does {s} have? / What is the storage limit on {s}? / How much data fits on {s}? / How much space do I get with {s}? / How much space is included in {s}? / What space does {s} offer?
~ {v} of storage is included. / You get {v} of space.
~? How much storage do I get? / How much space is included? / How much can I store?
plan trial
= {s} costs nothing for the first {v}. / Try {s} for {v}. / New users get {v} of {s} for free. / {s} can be tried for {v}. / For {v} you can use {s} without paying.
? How long can {s} be tried? / How long is {s} free? / How much time is there to test {s}? / What is the test period of {s}? / For how long can I use {s} without paying? / How long is the test period of {s}? / How long does the free test of {s} last? / How many days can I try {s}?
~ The free trial lasts {v}. / You can try it for {v}. / The first {v} are free.
~? How long is the free trial? / How long can I try it? / For how long is it free?
plan support
= On {s}, support is there from {v}. / The help desk for {s} works from {v}. / From {v} someone helps you with {s}. / {s} has a help desk open from {v}.
? What hours is the help desk of {s} open? / During which hours does {s} have support? / When can I reach support on {s}? / When does the help desk of {s} work? / Between which hours is support there for {s}? / At what times can I get help on {s}? / When is someone there to help with {s}? / When is the help desk for {s} open?
~ Support is available from {v}. / Our help desk works from {v}. / You can get help from {v}.
~? When is support available? / When can I get help? / What are your support hours? / When is the help desk open?
plan response
= On {s} a reply takes {v}. / Users of {s} wait {v} for an answer. / {s} gets you a reply in {v}. / The answer time of {s} is {v}. / Questions on {s} are answered within {v}.
? How long does a reply take on {s}? / How soon do I get an answer on {s}? / How quickly does support reply on {s}? / What is the answer time of {s}? / When do I get a reply with {s}? / How fast are questions answered on {s}? / How long must I wait for an answer with {s}? / After what time does support answer on {s}?
~ Our support team answers within {v}. / You get a reply within {v}. / We respond in {v}. / Questions are answered within {v}.
~? How fast does support answer? / How long do I wait for a reply? / How quickly do you answer? / How soon do I get an answer?
plan discount
= {s} is {v} cheaper for students. / There is {v} off on {s}. / We take {v} off the price of {s}. / With a discount of {v}, {s} is cheaper.
? How much cheaper is {s}? / How much is taken off the price of {s}? / What do I save on {s}? / How high is the discount on {s}? / What saving is there on {s}? / How much off is there on {s}? / How many percent off do I get on {s}? / What reduction does {s} have?
~ Students get {v} off. / There is a discount of {v}.
~? How big is the discount? / How much do I save? / How much off do students get?
plan notice
= {s} needs a notice of {v}. / To cancel {s}, tell us {v} before. / {s} ends {v} after you cancel. / {v} of notice are needed for {s}. / You have to give {v} notice to end {s}.
? How much notice does {s} need? / How long before the end must I cancel {s}? / What notice do I have to give for {s}? / What is the cancellation period of {s}? / When do I have to cancel {s}? / How long does it take to leave {s}? / How early must {s} be canceled? / How many days of notice does {s} have?
~ You can cancel with {v} notice. / The notice period is {v}. / Cancel at least {v} before.
~? How long is the notice period? / What notice do I need to cancel? / How can I cancel, with what notice?
event date
= {v} is the day of {s}. / People meet for {s} on {v}. / {s} happens on {v}. / Mark {v} for {s}. / {s} was planned for {v}.
? On what day does {s} happen? / What is the day of {s}? / When will {s} be held? / Which date does {s} have? / What day is {s} on? / On which date does {s} take place? / When do people meet for {s}? / For which day was {s} planned?
event place
= {v} is the place of {s}. / {s} goes to {v}. / For {s}, come to {v}. / {v} hosts {s}. / People travel to {v} for {s}.
? What is the venue of {s}? / Which city hosts {s}? / What city is {s} in? / Where will {s} be held? / In which town does {s} take place? / Where do people meet for {s}? / To which city do I go for {s}? / Where should I go for {s}?
event start
= {s} opens at {v}. / At {v}, {s} begins. / The beginning of {s} is {v}. / People should come to {s} at {v}. / {s} gets going at {v}.
? When does {s} begin? / At what time should I come to {s}? / What is the starting time of {s}? / When do doors open for {s}? / When should people be at {s}? / At what hour does {s} start? / From when is {s}? / What time should I be there for {s}?
event ticket
= {s} costs {v} to attend. / Visitors pay {v} for {s}. / To get into {s} you pay {v}. / One ticket to {s} is {v}. / Going to {s} costs {v}.
? How much do I pay to get into {s}? / What is the price of a ticket for {s}? / How much does it cost to attend {s}? / What do visitors pay for {s}? / How much is it to go to {s}? / What is the entry fee of {s}? / What does a ticket to {s} cost? / How expensive is {s}?
event speaker
= The talk at {s} is by {v}. / {s} has {v} as the main speaker. / At {s}, {v} will speak. / {v} opens {s}. / You can hear {v} at {s}.
? Who will speak at {s}? / Who talks at {s}? / Whom can I hear at {s}? / Who is the host of {s}? / Which person speaks at {s}? / Who holds the main talk at {s}? / Who is going to speak at {s}? / Who gives the main talk at {s}?
event visitors
= {s} was visited by {v} people. / In all {v} people came to {s}. / At {s} there were {v} guests. / {v} visitors were counted at {s}.
? How many people went to {s}? / How many guests did {s} have? / How many people visited {s}? / What was the attendance of {s}? / How many people were at {s}? / How many visitors came to {s}? / How many guests were counted at {s}? / How big was the crowd at {s}?
venue opens
= People can enter {s} from {v}. / {s} is open from {v} on. / {s} starts the day at {v}. / At {v} they open {s}. / {s} unlocks its doors at {v}.
? From when is {s} open? / What is the opening time of {s}? / How early can I enter {s}? / When can I get into {s}? / From what time on is {s} open? / At which time do they open {s}? / When does {s} let people in? / How early can people come to {s}?
~ We open at {v}. / The doors open at {v}.
~? When do you open? / At what time do you open? / How early can I come?
venue closes
= Everyone has to leave {s} by {v}. / At {v} they close {s}. / {s} ends the day at {v}. / {s} locks its doors at {v}.
? When must I leave {s}? / How late is {s} open? / What is the closing time of {s}? / When does {s} shut? / Until what time is {s} open? / At which time do they close {s}? / When does {s} lock its doors? / By when do I have to leave {s}?
~ We close at {v}. / We are open until {v}.
~? When do you close? / Until when are you open? / How late are you open?
venue closed
= Nobody works at {s} on {v}. / {s} has its day off on {v}. / {s} takes a break every {v}. / Every {v}, {s} is shut.
? Which day of the week is {s} closed? / What is the closing day of {s}? / On which day is {s} shut? / When does {s} not open? / On what day can I not visit {s}? / What is the day off at {s}? / Which weekday is {s} closed on? / On which weekday is {s} not open?
~ We are closed on {v}. / Our day off is {v}.
~? On which day are you closed? / Which day are you not open? / When are you closed?
venue entrance
= To visit {s} you pay {v}. / Getting into {s} costs {v}. / {s} asks {v} at the door. / The entry to {s} costs {v}. / A ticket for {s} is {v}.
? What do I pay at the door of {s}? / How much is the entry to {s}? / What does a visit to {s} cost? / What is the price to get into {s}? / How much does it cost to visit {s}? / How much is a ticket for {s}? / What does {s} ask at the door? / How much does admission to {s} cost?
~ Entrance costs {v}. / Admission is {v}. / A ticket costs {v}.
~? How much is the entrance? / What does a ticket cost? / How much do I pay to get in?
venue rooms
= {s} is divided into {v} rooms. / You can stay in one of {v} rooms at {s}. / {s} counts {v} rooms. / Inside {s} there are {v} rooms.
? How many rooms can I find in {s}? / How big is {s}, in rooms? / How many rooms does {s} count? / How many rooms are inside {s}? / What is the number of rooms in {s}? / How many rooms do guests find in {s}? / How many rooms belong to {s}? / How many rooms are offered at {s}?
~ We have {v} rooms. / There are {v} rooms.
~? How many rooms do you have? / How many rooms are there?
venue address
= Visit {s} at {v}. / {s} stands at {v}. / The street address of {s} is {v}. / The way to {s} leads to {v}.
? To which address should I go for {s}? / Where does {s} stand? / Where is {s} exactly? / Which street is {s} on? / How do I find {s}, at what address? / What is the street of {s}? / Which address does {s} have? / What street address has {s}?
~ You find us at {v}. / Our address is {v}. / Come to {v}.
~? What is your address? / Where are you? / Where do I find you? / Where should I come to?
venue wifi
= To go online at {s}, type {v}. / The password for the internet at {s} is {v}. / At {s} the wifi code is {v}. / {s} gives its guests the wifi code {v}.
? What is the internet password at {s}? / What do I type for the wifi at {s}? / How do I go online at {s}? / With which code can I use the wifi at {s}? / What password is needed for the wifi of {s}? / How do guests of {s} get into the wifi? / Which code opens the wifi in {s}? / What is the code for the internet at {s}?
~ The wifi password is {v}. / Use {v} for the wifi. / Log in to the wifi with {v}.
~? What is the wifi password? / How do I get into the wifi? / What do I type to go online?
venue parking
= A car pays {v} at {s}. / To leave your car at {s} costs {v}. / Parking a car at {s} is {v}. / {s} asks {v} for parking.
? What does it cost to park at {s}? / How much is a parking space at {s}? / What do cars pay at {s}? / How much does parking at {s} cost? / What is the price of parking at {s}? / What does {s} ask for parking? / How much must I pay to leave a car at {s}? / What is the cost of a parking space at {s}?
~ Parking costs {v}. / A parking space is {v} per day.
~? How much is parking? / What does parking cost? / How much do I pay to park?
project leader
= {v} heads {s}. / {v} is responsible for {s}. / {s} is headed by {v}. / At the top of {s} is {v}. / {v} manages {s}.
? Who manages {s}? / Who is at the top of {s}? / Who runs {s}? / Who is the head of {s}? / Who directs {s}? / Which person leads {s}? / Who is the boss of {s}? / Under whom does {s} work?
project deadline
= {v} is the last day for {s}. / {s} runs until {v}. / {s} must end by {v}. / We have until {v} to finish {s}. / {s} should be complete on {v}.
? When is the end of {s}? / What is the due date of {s}? / By what date must {s} be done? / When should {s} be complete? / By when is {s} due? / When must {s} end? / Until when does {s} run? / What is the end date of {s}?
project budget
= {s} costs us {v}. / {s} received {v}. / {s} can use {v}. / The funding of {s} is {v}. / {s} has {v} to spend.
? What can {s} spend? / How much was {s} given? / How much money may {s} use? / How much money was set aside for {s}? / What money does {s} have to spend? / What is the funding of {s}? / How much money did {s} receive? / How large is the budget of {s}?
project members
= {v} colleagues belong to {s}. / {s} is a group of {v}. / {s} counts {v} people. / In {s} there are {v} members.
? How many people does {s} have? / How many colleagues are in {s}? / What is the team size of {s}? / How many people belong to {s}? / How many persons work on {s}? / How large is {s}? / How many members work on {s}? / How many people are on {s}?
~ Our team has {v} members. / {v} people work on it.
~? How many members are there? / How many people work on it?
project meeting
= People of {s} get together on {v}. / {s} comes together each {v}. / {v} is the meeting day of {s}. / {s} has its meeting on {v}. / {s} talks every {v}.
? When is the weekly meeting of {s}? / What day does {s} meet? / On what day does {s} get together? / When do people of {s} meet? / Which weekday does {s} meet on? / What is the meeting day of {s}? / When does {s} come together? / On which day is the meeting of {s}?
~ We meet every {v}. / The weekly meeting is on {v}.
~? When do we meet? / On which day is the meeting?
project tool
= {v} is the main tool of {s}. / {s} runs on {v}. / {s} does its work with {v}. / {s} operates with {v}. / People of {s} work with {v}.
? What tool does {s} use? / On what does {s} run? / With what does {s} work? / What software does {s} work with? / What does {s} run on? / Which tool does {s} rely on? / What is the software of {s}? / What do people of {s} use?
project office
= {s} has its desks in {v}. / {s} sits in {v}. / Look for {s} in {v}. / The room of {s} is {v}.
? Where does {s} sit? / Which room is {s} in? / Where are the desks of {s}? / What is the room of {s}? / Where do I find {s}? / Where should I look for {s}? / In what room does {s} work? / Where did {s} move to?
country capital
= The government of {s} sits in {v}. / {s} has {v} as its capital. / In {s} the capital is {v}. / The capital city of {s} is {v}.
? In which city does the government of {s} sit? / What city is the capital of {s}? / Where does the government of {s} sit? / What is the name of {s}'s capital? / Where is the capital of {s}? / Which capital does {s} have? / What is the capital city of {s}? / From where is {s} governed?
country population
= {s} has a population of {v}. / In {s} there are {v} people. / {v} citizens live in {s}. / {s} is a land of {v} people.
? How many people are there in {s}? / How many people does {s} have? / What is the number of people in {s}? / How many persons live in {s}? / How many citizens live in {s}? / For how many people is {s} home? / How large is the population of {s}? / How many inhabitants are in {s}?
country currency
= In {s} things cost {v}. / To pay in {s}, use the {v}. / Shops in {s} take the {v}. / The {v} is the money of {s}.
? What money do I need in {s}? / What money is used in {s}? / With which money do people pay in {s}? / What do I pay with in {s}? / What currency do they have in {s}? / Which money do shops in {s} take? / What is the money of {s}? / What currency is used in {s}?
country language
= In {s} they talk {v}. / {s} has {v} as its language. / People talk {v} in {s}. / You hear {v} in {s}.
? Which language do people in {s} talk? / What is the official language of {s}? / What language is spoken in {s}? / In which language do people of {s} speak? / What do they speak in {s}? / Which language can I hear in {s}? / Which language do I need in {s}? / What language do they talk in {s}?
country river
= {s} has a river, the {v}. / Through {s} runs the {v}. / The river {v} crosses {s}. / In {s} you find the river {v}.
? What is the name of the river in {s}? / Which river runs through {s}? / Through {s} flows which river? / What river does {s} have? / Which is the main river of {s}? / What river flows through {s}? / What river crosses {s}? / What river can I see in {s}?
"""


def _cut(line: str, mark: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in line.removeprefix(mark).split(" / "))


def _parse(spec: str) -> dict[str, Wordings]:
    """By ``kind.name``: a head line, then lines of statements, questions and bare ones."""
    marks = {"~?": "bare_questions", "=": "statements", "?": "questions", "~": "bare_statements"}
    table: dict[str, dict[str, tuple[str, ...]]] = {}
    name = ""
    for line in spec.strip().splitlines():
        mark = next((m for m in marks if line.startswith(m + " ")), "")
        if mark:
            table[name][marks[mark]] = _cut(line, mark)
        else:
            name = line.strip().replace(" ", ".")
            table[name] = {}
    known = {f"{r.kind}.{r.name}" for relations in RELATIONS.values() for r in relations}
    assert set(table) == known, set(table) ^ known
    return {key: Wordings(**fields) for key, fields in table.items()}


MORE = _parse(_SPEC)
