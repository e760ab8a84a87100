"""The relations of the invented world: how a fact is stated and how people ask for it.

Every relation has a few statements and its own questions; ``FRAMES`` adds forms that fit every
relation ("Tell me the {n} of {s}."). The last two own questions of a relation are held out: they
are never trained and show how far an unseen wording is understood.
"""

# ruff: noqa: E501 (one line per list of wordings)

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation: ``value`` names the value generator, ``nouns[0]`` is its plain name."""

    kind: str
    name: str
    value: str
    nouns: tuple[str, ...]
    statements: tuple[str, ...]
    questions: tuple[str, ...]
    held_out: tuple[str, ...]


FRAMES = (
    "What is the {n} of {s}?",
    "What's the {n} of {s}?",
    "What is {s}'s {n}?",
    "What's {s}'s {n}?",
    "Tell me the {n} of {s}.",
    "Tell me {s}'s {n}.",
    "{s} {n}?",
    "{n} of {s}?",
    "Give me the {n} of {s}.",
    "I'd like to know the {n} of {s}.",
    "Can you tell me the {n} of {s}?",
    "Name the {n} of {s}.",
    "State the {n} of {s}.",
    "Do you know the {n} of {s}?",
    "What does it say about the {n} of {s}?",
    "For {s}, what is the {n}?",
    "Look up the {n} for {s}.",
    "I need the {n} of {s}.",
    "Could you give me {s}'s {n}?",
    "What is the {n} for {s}?",
)

_SPEC = r"""
company founder person | founder; creator
= {s} was founded by {v}. / {v} founded {s}. / The founder of {s} is {v}. / {s}'s founder is {v}. / {s} was started by {v}.
? Who founded {s}? / Who started {s}? / Who was {s} founded by? / Who is the founder of {s}? / By whom was {s} founded? / Which person founded {s}? / Who set up {s}?
company manager person | manager; head; boss
= {v} manages {s}. / {s} is managed by {v}. / The manager of {s} is {v}. / {s}'s manager is {v}. / {s} is run by {v}. / {v} runs {s}.
? Who manages {s}? / Who runs {s}? / Who is the manager of {s}? / Who is in charge of {s}? / Who is {s} managed by? / Who leads {s}? / Who is the person running {s}?
company founded year | founding year; year of foundation
= {s} was founded in {v}. / {s} was started in {v}. / Founded in {v}, {s} is still active. / {s} has existed since {v}. / The founding year of {s} is {v}.
? When was {s} founded? / In which year was {s} founded? / What year was {s} started? / When did {s} start? / Since when does {s} exist? / In what year did {s} begin? / How long ago, in which year, was {s} set up?
company headquarters city | headquarters; location; home city
= {s} is based in {v}. / The headquarters of {s} are in {v}. / {s} has its headquarters in {v}. / {s} is located in {v}. / {s} has its main office in {v}.
? Where is {s} based? / Where is {s} located? / In which city is {s}? / Where are the headquarters of {s}? / In which city is {s} based? / Where does {s} have its head office? / Which city is home to {s}?
company employees count | number of employees; staff size
= {s} has {v} employees. / {s} employs {v} people. / {v} people work at {s}. / The staff of {s} counts {v} people. / The number of employees of {s} is {v}.
? How many employees does {s} have? / How many people work at {s}? / How many people does {s} employ? / How big is the staff of {s}? / How many workers does {s} have? / How large is the team at {s}? / How many people are employed by {s}?
company phone phone | phone number; telephone number
= The phone number of {s} is {v}. / You can call {s} at {v}. / Call {s} on {v}. / {s} can be reached by phone at {v}. / Phone {s}: {v}.
? How can I call {s}? / Which number do I call to reach {s}? / What number should I dial for {s}? / At which number can I phone {s}? / How do I reach {s} by phone? / Under which number does {s} answer calls? / What do I dial to talk to {s}?
company email email | email address; email; contact address
= The email address of {s} is {v}. / Write to {s} at {v}. / {s} can be reached at {v}. / You can email {s} at {v}. / Send messages for {s} to {v}.
? How can I email {s}? / Where do I write to {s}? / To which address should I write for {s}? / How do I contact {s} by email? / Where can I send an email to {s}? / Which email does {s} use? / Where should messages to {s} be sent?
company hours span | opening hours; business hours; hours
= {s} is open from {v}. / The opening hours of {s} are {v}. / {s} opens daily from {v}. / Opening hours of {s}: {v}. / You can visit {s} from {v}.
? When is {s} open? / What are the opening hours of {s}? / At what times is {s} open? / From when to when is {s} open? / What hours does {s} keep? / During which hours can I visit {s}? / What are {s}'s hours?
company returns days | return period; refund period; return window
= {s} accepts returns within {v}. / Customers of {s} can return items within {v}. / The return period of {s} is {v}. / {s} gives refunds for {v}. / Refunds at {s} are possible within {v}.
? How long can I return items to {s}? / How long does {s} accept returns? / How much time do I have to return something to {s}? / Within what time can I get a refund from {s}? / How long do I have for a refund at {s}? / What is the deadline for returns at {s}? / How many days or weeks does {s} allow for returns?
company delivery days | delivery time; shipping time
= {s} delivers within {v}. / Delivery from {s} takes {v}. / Orders from {s} arrive after {v}. / {s} ships in {v}. / The delivery time of {s} is {v}.
? How long does delivery from {s} take? / How fast does {s} deliver? / When do orders from {s} arrive? / How long does {s} take to ship? / How long do I wait for an order from {s}? / How soon does a parcel from {s} arrive? / In what time does {s} send orders?
company sector sector | product; business
= {s} makes {v}. / {s} sells {v}. / {s} is known for {v}. / {s} produces {v}. / {s} trades in {v}.
? What does {s} make? / What does {s} sell? / What does {s} produce? / What is {s} known for? / What can I buy from {s}? / What kind of goods does {s} offer? / Which goods come from {s}?
company vacation days | vacation allowance; vacation; annual leave
= Employees of {s} get {v} of vacation. / {s} gives its staff {v} of vacation per year. / The vacation allowance at {s} is {v}. / Annual leave at {s} is {v}. / Staff at {s} have {v} of paid leave.
? How much vacation do employees of {s} get? / How much leave does {s} give? / How many days off do people at {s} have? / How long is the annual leave at {s}? / How much paid leave does {s} offer? / How much time off does {s} allow? / How much holiday do workers at {s} get?
product price price | price; cost
= {s} costs {v}. / The price of {s} is {v}. / {s} is sold for {v}. / You pay {v} for {s}. / {s} is available for {v}. / {s} sells at {v}.
? How much is {s}? / How much does {s} cost? / What does {s} cost? / How expensive is {s}? / What do I pay for {s}? / For how much is {s} sold? / How much money is {s}?
product color color | color
= {s} is {v}. / The color of {s} is {v}. / {s} comes in {v}. / {s} is sold in {v}. / {s} has a {v} case.
? What color is {s}? / Which color does {s} have? / In which color does {s} come? / What color does {s} come in? / Which color is {s}? / In what color is {s} sold? / How is {s} colored?
product weight weight | weight
= {s} weighs {v}. / The weight of {s} is {v}. / {s} has a weight of {v}. / With {v}, {s} is easy to carry. / Weight of {s}: {v}.
? How much does {s} weigh? / How heavy is {s}? / What does {s} weigh? / What weight does {s} have? / Tell me how heavy {s} is. / How many kilograms or grams does {s} weigh? / Is {s} heavy, and what does it weigh?
product warranty months | warranty; guarantee; warranty period
= {s} has a warranty of {v}. / The warranty of {s} lasts {v}. / The warranty for {s} covers {v}. / {s} comes with a guarantee of {v}. / {s} is guaranteed for {v}.
? How long is the warranty of {s}? / How long does the warranty for {s} last? / What warranty does {s} have? / For how long is {s} guaranteed? / How long is {s} under warranty? / How long is {s} covered? / For what period does the guarantee of {s} run?
product maker company | maker; manufacturer; producer
= {s} is made by {v}. / {v} makes {s}. / The maker of {s} is {v}. / {s} is produced by {v}. / {s} comes from {v}.
? Who makes {s}? / Which company makes {s}? / Who produces {s}? / Who is the maker of {s}? / Which company is {s} made by? / Which firm builds {s}? / From which manufacturer is {s}?
product released monthyear | release date; launch date
= {s} was released in {v}. / {s} came out in {v}. / The release date of {s} is {v}. / {s} has been on sale since {v}. / {s} was launched in {v}.
? When was {s} released? / When did {s} come out? / When was {s} launched? / Since when is {s} on sale? / When did {s} go on sale? / In which month was {s} presented? / When did {s} appear?
product battery hours | battery life; running time
= The battery of {s} lasts {v}. / {s} runs for {v} on one charge. / The battery life of {s} is {v}. / {s} works {v} without charging. / One charge keeps {s} going for {v}.
? How long does the battery of {s} last? / How long does {s} run? / How long does {s} last on one charge? / What battery life does {s} have? / How long can I use {s} without charging? / After what time is the battery of {s} empty? / How long does {s} hold a charge?
product material material | material
= {s} is made of {v}. / The material of {s} is {v}. / {s} consists of {v}. / {s} is built from {v}. / The body of {s} is {v}.
? What is {s} made of? / Which material is {s} made of? / What material is {s}? / Of what is {s} made? / What does {s} consist of? / Which material was used for {s}? / Out of what is {s} built?
product designer person | designer; inventor
= {s} was designed by {v}. / {v} designed {s}. / The designer of {s} is {v}. / {s} was invented by {v}. / {v} is the designer of {s}.
? Who designed {s}? / Who invented {s}? / Who is the designer of {s}? / By whom was {s} designed? / Who was {s} designed by? / Whose design is {s}? / Who came up with {s}?
product size length | size; length; width
= {s} is {v} long. / The size of {s} is {v}. / {s} measures {v}. / {s} has a length of {v}. / The length of {s} is {v}.
? How long is {s}? / How big is {s}? / What size is {s}? / What is the length of {s}? / How much does {s} measure? / What are the dimensions of {s}? / How large is {s}?
product shelf code | shelf; storage location; part number
= {s} is stored on shelf {v}. / The shelf of {s} is {v}. / You find {s} on shelf {v}. / {s} is kept on shelf {v}. / Look for {s} on shelf {v}.
? On which shelf is {s}? / Where is {s} stored? / Where do I find {s}? / Which shelf holds {s}? / On what shelf is {s} kept? / Where in the store is {s}? / Where should I look for {s}?
product stock count | stock; number of units in stock
= There are {v} units of {s} in stock. / We have {v} pieces of {s} in stock. / The stock of {s} is {v}. / {v} units of {s} are available. / The warehouse holds {v} units of {s}.
? How many units of {s} are in stock? / How many pieces of {s} are available? / How many of {s} do we have? / How much stock is there of {s}? / How many units of {s} are left? / How many of {s} are in the warehouse? / How large is the stock of {s}?
person birthplace city | birthplace; hometown; place of birth
= {s} was born in {v}. / {s} comes from {v}. / The hometown of {s} is {v}. / The birthplace of {s} is {v}. / {s} grew up in {v}.
? Where was {s} born? / Where does {s} come from? / In which city was {s} born? / Where is {s} from? / Where did {s} grow up? / Which town does {s} come from? / In what place was {s} born?
person residence city | home; place of residence; home city
= {s} lives in {v}. / {s} moved to {v}. / {s} has a house in {v}. / The home of {s} is in {v}. / {s} now lives in {v}.
? Where does {s} live? / In which city does {s} live? / Where is {s} living? / Where is the home of {s}? / In what town does {s} live? / Which city does {s} live in? / Where has {s} settled?
person job job | job; profession; occupation
= {s} works as a {v}. / {s} is a {v}. / The job of {s} is {v}. / {s} earns money as a {v}. / {s}, a {v}, likes to travel.
? What does {s} do for a living? / What is the job of {s}? / What does {s} work as? / Which job does {s} have? / What profession does {s} have? / As what does {s} work? / What is {s} by profession?
person employer company | employer; workplace
= {s} works for {v}. / {s} works at {v}. / {s} is employed by {v}. / The employer of {s} is {v}. / {s} has a position at {v}.
? Who does {s} work for? / Where does {s} work? / Which company does {s} work for? / Who employs {s}? / At which company does {s} work? / Which firm pays {s}? / Who is {s} employed by?
person birthday date | birthday; date of birth
= {s} was born on {v}. / The birthday of {s} is {v}. / {s} has a birthday on {v}. / {s} celebrates on {v}. / {s}'s birthday is {v}.
? When was {s} born? / When is the birthday of {s}? / When is {s}'s birthday? / On which day was {s} born? / On what date was {s} born? / When does {s} have a birthday? / On which day does {s} celebrate?
person hobby hobby | hobby; pastime
= {s} likes {v}. / The hobby of {s} is {v}. / {s} enjoys {v}. / {s} spends the weekends {v}. / In the evenings {s} loves {v}.
? What is the hobby of {s}? / What hobby does {s} have? / What does {s} enjoy? / What does {s} like to do? / Which hobby does {s} have? / How does {s} spend free time? / What does {s} do for fun?
person food food | favorite food; favorite dish
= {s} likes to eat {v}. / The favorite food of {s} is {v}. / {s} often eats {v}. / {s} orders {v} every week. / {s}'s favorite dish is {v}.
? What does {s} like to eat? / What is the favorite food of {s}? / Which food does {s} like? / What does {s} often eat? / What dish does {s} like best? / What would {s} order in a restaurant? / Which meal does {s} prefer?
person pet pet | pet
= {s} has a {v}. / {s} owns a {v}. / The pet of {s} is a {v}. / {s} lives with a {v}. / {s} keeps a {v}.
? What pet does {s} have? / Which pet does {s} own? / Which animal does {s} have? / What animal lives with {s}? / What kind of pet does {s} keep? / Which animal does {s} look after? / What sort of animal is {s}'s pet?
person language language | language; native language; mother tongue
= {s} speaks {v}. / The language of {s} is {v}. / {s} teaches {v}. / {s} grew up with {v}. / {s} is fluent in {v}.
? Which language does {s} speak? / What language does {s} speak? / What does {s} speak? / Which language can {s} speak? / In which language is {s} fluent? / What tongue does {s} talk in? / Which language should I use with {s}?
person office room | office; room; desk location
= {s} sits in {v}. / The office of {s} is in {v}. / {s} works in {v}. / You find {s} in {v}. / {s} has an office in {v}.
? Where is the office of {s}? / In which room is {s}? / Where does {s} sit? / Where can I find {s}? / Which room does {s} work in? / Where do I meet {s}? / Where in the building is {s}?
person extension phone | phone number; extension; direct line
= The phone number of {s} is {v}. / You can reach {s} at {v}. / {s}'s extension is {v}. / Call {s} at {v}. / {s} answers calls on {v}.
? How can I reach {s} by phone? / Which number does {s} have? / At what number can I call {s}? / What number do I dial for {s}? / How do I call {s}? / Under which number is {s} available? / What should I dial to speak with {s}?
plan fee price | price; monthly fee; cost
= {s} costs {v} per month. / The monthly fee of {s} is {v}. / You pay {v} a month for {s}. / The price of {s} is {v}. / {s} is billed at {v} per month.
? How much is {s}? / How much does {s} cost? / What does {s} cost per month? / What do I pay for {s}? / How much do I pay monthly for {s}? / How expensive is {s}? / What will {s} cost me each month?
plan users count | user limit; number of users; seats
= {s} allows up to {v} users. / {s} includes {v} users. / Up to {v} people can use {s}. / The user limit of {s} is {v}. / {s} is limited to {v} users.
? How many users does {s} include? / How many people can use {s}? / How many users are allowed on {s}? / How many users can {s} have? / What is the maximum number of users on {s}? / How many accounts does {s} allow? / For how many people is {s}?
plan storage storage | storage; storage limit; disk space
= {s} includes {v} of storage. / The storage limit of {s} is {v}. / {s} comes with {v} of space. / {s} offers {v} of storage. / With {s} you get {v} of storage.
? How much storage does {s} include? / How much space does {s} have? / How much storage do I get with {s}? / What storage does {s} offer? / How much data can I keep on {s}? / How much can I store with {s}? / What amount of space comes with {s}?
plan trial days | trial period; free trial; test period
= {s} has a free trial of {v}. / The trial period of {s} is {v}. / You can test {s} for {v}. / {s} is free for the first {v}. / The free trial of {s} lasts {v}.
? How long is the free trial of {s}? / How long can I test {s}? / How long can I try {s} for free? / For how long is {s} free? / How long does the trial of {s} last? / How much time do I have to try out {s}? / When does the trial of {s} end?
plan support span | support hours; help desk hours
= Support for {s} is available from {v}. / The support hours of {s} are {v}. / With {s} you get support from {v}. / {s} includes support from {v}. / Help for {s} is offered from {v}.
? When is support available for {s}? / What are the support hours of {s}? / At what times does {s} include support? / When can I get help with {s}? / When can I contact support on {s}? / During which hours is there help for {s}? / From when to when is the help desk open for {s}?
plan response hours | response time; answer time
= Support answers within {v} on {s}. / The response time of {s} is {v}. / With {s} you get an answer within {v}. / {s} promises a reply within {v}. / {s} guarantees a response in {v}.
? How fast does support answer on {s}? / How quickly do I get an answer with {s}? / How long do I wait for a reply on {s}? / How soon does support respond on {s}? / Within what time is there a reply on {s}? / How long until someone answers on {s}? / What reply time comes with {s}?
plan discount percent | discount; rebate
= Students get {v} off on {s}. / The discount on {s} is {v}. / {s} has a discount of {v}. / {s} is reduced by {v}. / You save {v} on {s}.
? How big is the discount on {s}? / What discount is there on {s}? / How much do I save on {s}? / How much off do students get on {s}? / By how much is {s} reduced? / What rebate applies to {s}? / How large is the saving on {s}?
plan notice days | notice period; cancellation period
= {s} can be canceled with {v} notice. / The notice period of {s} is {v}. / You can cancel {s} within {v}. / Canceling {s} takes {v}. / To leave {s}, give {v} notice.
? How can {s} be canceled, with what notice? / What notice does {s} need? / How long is the notice period of {s}? / How long before do I have to cancel {s}? / Within what time can I cancel {s}? / How much notice must I give to end {s}? / What is the deadline for canceling {s}?
event date date | date; day
= {s} takes place on {v}. / {s} is on {v}. / The date of {s} is {v}. / {s} will be held on {v}. / Join us for {s} on {v}.
? When is {s}? / When does {s} take place? / On which day is {s}? / What date is {s}? / On what date is {s} held? / What day should I mark for {s}? / When will {s} happen?
event place city | location; venue; place
= {s} takes place in {v}. / {s} is held in {v}. / The location of {s} is {v}. / Visitors meet in {v} for {s}. / {s} will be hosted in {v}.
? Where is {s}? / Where does {s} take place? / Where is {s} held? / In which city is {s}? / In what city does {s} take place? / Where do I have to go for {s}? / Which town hosts {s}?
event start clock | start time; starting time; beginning
= {s} starts at {v}. / {s} begins at {v}. / The start time of {s} is {v}. / Doors open for {s} at {v}. / Be there at {v} for {s}.
? At what time does {s} start? / What time does {s} begin? / When does {s} start? / At what time is {s}? / What time is {s}? / From what time on is {s}? / At what hour does {s} kick off?
event ticket price | ticket price; entry fee; fee
= Tickets for {s} cost {v}. / The ticket price of {s} is {v}. / Entry to {s} is {v}. / You pay {v} to attend {s}. / A ticket for {s} costs {v}.
? How much is a ticket for {s}? / How much do tickets for {s} cost? / What does {s} cost? / What do tickets for {s} cost? / How much do I pay to attend {s}? / How much is the entry to {s}? / What is the charge for attending {s}?
event speaker person | speaker; main speaker; host
= {v} speaks at {s}. / The speaker of {s} is {v}. / The main speaker at {s} is {v}. / {s} is opened by {v}. / {v} gives the main talk at {s}.
? Who speaks at {s}? / Who is the speaker of {s}? / Who is the main speaker at {s}? / Who gives the talk at {s}? / Who opens {s}? / Whose talk can I hear at {s}? / Who is speaking during {s}?
event visitors count | number of visitors; attendance
= {v} people attended {s}. / {s} had {v} visitors. / {s} drew {v} guests. / The number of visitors of {s} is {v}. / {v} guests came to {s}.
? How many people attended {s}? / How many visitors did {s} have? / How many guests came to {s}? / How many people came to {s}? / How many visitors were at {s}? / How large was the crowd at {s}? / How well attended was {s}, in people?
venue opens clock | opening time
= {s} opens at {v}. / The doors of {s} open at {v}. / The opening time of {s} is {v}. / {s} lets people in from {v}. / From {v} on you can enter {s}.
? When does {s} open? / At what time does {s} open? / What time does {s} open? / From what time can I enter {s}? / When do the doors of {s} open? / At what hour can people get into {s}? / How early does {s} open?
venue closes clock | closing time
= {s} closes at {v}. / {s} shuts at {v}. / The closing time of {s} is {v}. / {s} stays open until {v}. / You must leave {s} by {v}.
? When does {s} close? / At what time does {s} close? / What time does {s} shut? / Until when is {s} open? / How long is {s} open? / At what hour does {s} shut its doors? / How late can I stay at {s}?
venue closed weekday | closing day; day off
= {s} is closed on {v}. / {s} does not open on {v}. / The closing day of {s} is {v}. / On {v} {s} stays closed. / Closing day of {s}: {v}.
? On which day is {s} closed? / When is {s} closed? / Which day is {s} not open? / On what day does {s} stay closed? / What day is {s} closed? / Which day of the week is {s} shut? / On which weekday can I not visit {s}?
venue entrance price | entrance fee; entry fee; admission
= Entrance to {s} costs {v}. / The entrance fee of {s} is {v}. / You pay {v} to enter {s}. / Admission to {s} is {v}. / A visit to {s} costs {v}.
? How much is the entrance to {s}? / What does it cost to enter {s}? / How much does a visit to {s} cost? / What is the entrance fee of {s}? / How much do I pay to enter {s}? / What does admission to {s} cost? / What is the charge for visiting {s}?
venue rooms small | number of rooms; rooms
= {s} has {v} rooms. / There are {v} rooms in {s}. / {s} offers {v} rooms. / The number of rooms in {s} is {v}. / Guests find {v} rooms in {s}.
? How many rooms does {s} have? / How many rooms are there in {s}? / How many rooms are in {s}? / What number of rooms does {s} have? / How many rooms does {s} offer? / How many rooms can be found in {s}? / Into how many rooms is {s} divided?
venue address address | address; street; street address
= {s} is at {v}. / The address of {s} is {v}. / You find {s} at {v}. / {s} moved to {v}. / Come to {s} at {v}.
? Where is {s}? / What is the address of {s}? / At which address is {s}? / Where do I find {s}? / On which street is {s}? / Where exactly is {s} located? / Where should a taxi take me to reach {s}?
venue wifi code | wifi password; wifi code; password
= The wifi password of {s} is {v}. / The wifi code in {s} is {v}. / Use {v} for the wifi at {s}. / Wifi at {s} works with the password {v}. / Guests of {s} log in to the wifi with {v}.
? What is the wifi password at {s}? / How do I get into the wifi at {s}? / Which password does the wifi at {s} have? / What is the wifi code in {s}? / Which code do I need for the wifi at {s}? / How can I log in to the wifi at {s}? / What do I type to go online at {s}?
venue parking price | parking fee; price of parking
= Parking at {s} costs {v}. / The parking fee at {s} is {v}. / You pay {v} to park at {s}. / A parking space at {s} is {v} per day. / Cars park at {s} for {v}.
? How much is parking at {s}? / What does parking at {s} cost? / What is the parking fee at {s}? / How much do I pay to park at {s}? / How expensive is parking at {s}? / What do I pay to leave my car at {s}? / How much does it cost to park a car at {s}?
project leader person | leader; lead; head; manager
= {v} leads {s}. / {s} is led by {v}. / The leader of {s} is {v}. / {v} is in charge of {s}. / {s} reports to {v}.
? Who leads {s}? / Who is the leader of {s}? / Who is in charge of {s}? / Who is {s} led by? / Who heads {s}? / Who is responsible for {s}? / To whom does {s} report?
project deadline date | deadline; due date; end date
= {s} must be done by {v}. / The deadline of {s} is {v}. / {s} is due on {v}. / {s} ends on {v}. / {s} has to be finished by {v}.
? When is {s} due? / What is the deadline of {s}? / When does {s} end? / By when must {s} be done? / When must {s} be finished? / Until when do we have to complete {s}? / What is the last day for {s}?
project budget price | budget; funding
= {s} has a budget of {v}. / The budget of {s} is {v}. / {s} may spend {v}. / {s} was given {v}. / {v} were set aside for {s}.
? How big is the budget of {s}? / What is the budget of {s}? / How much money does {s} have? / How much may {s} spend? / What budget does {s} have? / How much funding did {s} get? / What amount can {s} use?
project members small | number of members; team size
= {s} has {v} members. / {v} people work on {s}. / The number of members of {s} is {v}. / There are {v} people in {s}. / {s} consists of {v} people.
? How many members does {s} have? / How many people work on {s}? / How many people are in {s}? / How big is {s}? / How many members are in {s}? / What is the headcount of {s}? / How many colleagues belong to {s}?
project meeting weekday | meeting day; day of the weekly meeting
= {s} meets every {v}. / The weekly meeting of {s} is on {v}. / {s} meets on {v}. / The meeting day of {s} is {v}. / Every {v} there is a meeting of {s}.
? When does {s} meet? / On which day does {s} meet? / What day is the meeting of {s}? / Which day does {s} meet? / On what day is the weekly meeting of {s}? / On which weekday do people of {s} get together? / What is the usual day for {s} to meet?
project tool product | main tool; tool; software
= {s} uses {v}. / The main tool of {s} is {v}. / {s} works with {v}. / {s} is built on {v}. / {s} relies on {v}.
? What does {s} use? / Which tool does {s} use? / What does {s} work with? / Which software does {s} use? / What is {s} built on? / On what does {s} rely? / With which tool does {s} operate?
project office room | office; room; location
= {s} is in {v}. / The office of {s} is in {v}. / {s} works in {v}. / You find {s} in {v}. / {s} moved to {v}.
? Where is {s}? / Where does {s} work? / In which room is {s}? / Where can I find {s}? / Where is the office of {s}? / Where in the building is {s}? / Where does {s} have its desks?
country capital city | capital; capital city
= The capital of {s} is {v}. / {v} is the capital of {s}. / {s} is governed from {v}. / {s} has its capital in {v}. / {s}'s capital is {v}.
? What is the capital of {s}? / Which city is the capital of {s}? / What is {s}'s capital? / Which city is the capital city of {s}? / From which city is {s} governed? / What is the capital city called in {s}? / Where is the government of {s}?
country population population | population; number of people; number of inhabitants
= {s} has {v} inhabitants. / {v} people live in {s}. / The population of {s} is {v}. / {s} is home to {v} people. / {s} counts {v} citizens.
? How many people live in {s}? / How many inhabitants does {s} have? / What is the population of {s}? / How big is the population of {s}? / How many citizens does {s} have? / How many people call {s} home? / How populated is {s}?
country currency currency | currency; money
= People in {s} pay with the {v}. / The currency of {s} is the {v}. / In {s} you pay with the {v}. / {s} uses the {v} as currency. / The money of {s} is the {v}.
? What is the currency of {s}? / Which currency does {s} use? / What do people in {s} pay with? / Which money is used in {s}? / With what do you pay in {s}? / What is the name of the money in {s}? / Which currency do I need in {s}?
country language language | language; official language
= People in {s} speak {v}. / The language of {s} is {v}. / The official language of {s} is {v}. / {v} is spoken in {s}. / In {s} everybody speaks {v}.
? Which language is spoken in {s}? / What language do people in {s} speak? / What do people in {s} speak? / What is the language of {s}? / Which language do they speak in {s}? / In what language do people talk in {s}? / What language should I learn for {s}?
country river city | longest river; main river; river
= The longest river of {s} is the {v}. / The main river of {s} is the {v}. / The river {v} flows through {s}. / {s} lies on the river {v}. / The {v} is the main river of {s}.
? What is the longest river of {s}? / Which river flows through {s}? / What is the main river of {s}? / Which river is in {s}? / What river runs through {s}? / On which river does {s} lie? / Which river crosses {s}?
"""


def _parse(spec: str) -> dict[str, tuple[Relation, ...]]:
    """Read the compact table: a head line, a line of statements (``=``), one of questions (``?``)."""
    table: dict[str, list[Relation]] = {}
    lines = [line for line in spec.strip().splitlines() if line.strip()]
    for head, stated, asked in zip(lines[0::3], lines[1::3], lines[2::3], strict=True):
        left, nouns = head.split(" | ")
        kind, name, value = left.split()
        questions = tuple(q.strip() for q in asked.removeprefix("?").split(" / "))
        relation = Relation(
            kind=kind,
            name=name,
            value=value,
            nouns=tuple(n.strip() for n in nouns.split(";")),
            statements=tuple(s.strip() for s in stated.removeprefix("=").split(" / ")),
            questions=questions[:-2],
            held_out=questions[-2:],
        )
        table.setdefault(kind, []).append(relation)
    return {kind: tuple(relations) for kind, relations in table.items()}


RELATIONS = _parse(_SPEC)
