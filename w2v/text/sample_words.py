"""The tables of the sample corpus: its grammar, word by word; sample_corpus.py grows it.

A word in capitals is a symbol, replaced by a draw from the table of that name; everything else is
text. Each topic speaks of the words of one class, in company of its own: items, acts and traits
that the other topics lack.
"""

from typing import NamedTuple


class Topic(NamedTuple):
    """A class of words and what is said of it; tables list frequent words first."""

    words: str  # the class
    items: str  # nouns, in the plural
    acts: str  # verbs, in the past
    traits: str  # adjectives
    lines: str


# Said of every class of things, each with its own companions.
THINGS = """
FIRM said it ACT the TRAIT WORD ITEM of a ADJECTIVE rival in TOWN
the TRAIT WORD ITEM were ACT by FIRM for NUMBER million dollars
PERSON has ACT WORD ITEM in TOWN to VERB the NOUN of TRAIT WORD ITEM
sales of WORD ITEM rose DECIMAL percent from a year earlier as TRAIT WORD ITEM were ACT
a NOUN of the WORD ITEM at FIRM is that TRAIT WORD ITEM have been ACT
in TOWN the WORD ITEM are ADVERB TRAIT and NUMBER of them were ACT"""

TOPICS = {
    "computers": Topic(
        words="computer computers software chip chips microprocessor semiconductor memory "
        "workstations intel workstation mainframe desktop motorola drives semiconductors "
        "mainframes mips",
        items="makers users designers shipments circuits engineers networks prototypes modules",
        acts="programmed upgraded debugged soldered cloned installed redesigned",
        traits="faster compatible portable electronic digital obsolete powerful",
        lines=f"""{THINGS}
FIRM unveiled a line of TRAIT WORD ITEM that VERB NUMBER million instructions a second
the WORD industry has TRAIT ITEM but a shortage of WORD technology said PERSON
""",
    ),
    "metals": Topic(
        words="oil gold crude silver copper gasoline gas petroleum aluminum platinum zinc steel "
        "nickel tin uranium",
        items="barrels ounces refiners pipelines mines smelters reserves stockpiles wells ores",
        acts="refined mined drilled smelted extracted hoarded",
        traits="offshore molten scarce impure bulk heavy",
        lines=f"""{THINGS}
WORD for immediate delivery settled at NUMBER dollars as TRAIT WORD ITEM were ACT in TOWN
the cartel ACT NUMBER million ITEM of WORD a day and TRAIT WORD ran short
""",
    ),
    "crops": Topic(
        words="wheat corn sugar soybeans coffee cotton cattle cocoa rice hogs barley pork oats",
        items="farmers growers harvests bushels acres mills silos plantings exporters",
        acts="planted harvested milled fertilized irrigated shipped",
        traits="ripe surplus rural frozen organic dry",
        lines=f"""{THINGS}
rain in the fields of TOWN hurt WORD ITEM and NUMBER acres of TRAIT WORD were never ACT
the agriculture department sees TRAIT WORD supplies of NUMBER million ITEM and less WORD
""",
    ),
    "banks": Topic(
        words="bank banks loan loans mortgage savings thrift thrifts lenders mortgages deposits "
        "credit lender creditors deposit",
        items="borrowers branches regulators defaults foreclosures accounts tellers delinquencies",
        acts="insured refinanced foreclosed repaid guaranteed restructured",
        traits="insolvent troubled federal delinquent ailing commercial",
        lines=f"""{THINGS}
the WORD bailout will cost taxpayers NUMBER billion dollars and leave TRAIT WORD ITEM
TRAIT WORD rates fell to DECIMAL percent and more WORD ITEM were ACT by the agency
""",
    ),
    "vehicles": Topic(
        words="car cars truck trucks auto sedan automobile minivan autos pickup van wagon sedans",
        items="dealers showrooms engines bumpers rebates models factories drivers warranties",
        acts="assembled recalled towed repainted overhauled parked",
        traits="compact imported sporty luxury rusty midsize",
        lines=f"""{THINGS}
FIRM will idle its TOWN assembly line because TRAIT WORD ITEM are unsold and WORD ITEM are few
the WORD has a TRAIT engine and gets NUMBER miles to the gallon WORD ITEM said
""",
    ),
    "aircraft": Topic(
        words="jet airline airlines jets plane aircraft planes airliner helicopter airliners "
        "bomber helicopters",
        items="pilots mechanics passengers routes fares runways hangars cockpits crews",
        acts="grounded boarded refueled chartered flown rerouted",
        traits="nonstop supersonic delayed regional airborne overbooked",
        lines=f"""{THINGS}
NUMBER ITEM aboard the TRAIT WORD were unhurt when a WORD skidded at the airport of TOWN
the union of WORD ITEM at FIRM ACT TRAIT flights and WORD ITEM went on strike
""",
    ),
    "medicine": Topic(
        words="drug drugs vaccine hospital medicine hospitals vaccines surgery antibiotic insulin "
        "medicines aspirin pills",
        items="patients doctors doses clinics nurses symptoms infections tablets researchers",
        acts="prescribed injected diagnosed swallowed treated sterilized",
        traits="experimental clinical chronic generic pediatric toxic",
        lines=f"""{THINGS}
a study of NUMBER ITEM found that TRAIT WORD ITEM live longer without WORD therapy
the food and health agency approved a TRAIT WORD after WORD ITEM were ACT in TOWN
""",
    ),
    "media": Topic(
        words="television film newspaper movie radio magazine newspapers films movies magazines "
        "cable broadcast",
        items="viewers studios editors advertisers audiences publishers episodes subscribers",
        acts="aired edited published televised rerun scripted",
        traits="weekly glossy nightly syndicated entertaining animated",
        lines=f"""{THINGS}
the TRAIT WORD show drew NUMBER million ITEM and WORD ratings that PERSON ACT
PERSON who ACT TRAIT WORD ITEM in TOWN will star in a WORD drama
""",
    ),
    "courts": Topic(
        words="court judge lawsuit jury suit trial lawsuits judges courts litigation jurors "
        "injunction",
        items="lawyers prosecutors defendants verdicts hearings witnesses plaintiffs rulings",
        acts="dismissed appealed overturned settled subpoenaed indicted",
        traits="civil criminal constitutional pending unanimous guilty",
        lines=f"""{THINGS}
ITEM in the TRAIT WORD against FIRM ACT the WORD evidence and asked for NUMBER dollars in damages
PERSON faces TRAIT charges before the WORD in TOWN and the WORD ITEM were ACT
""",
    ),
    "securities": Topic(
        words="stock stocks bonds shares bond futures notes options securities warrants "
        "debentures equities",
        items="investors brokers yields maturities arbitragers holders underwriters indexes",
        acts="hedged priced listed rated issued auctioned",
        traits="convertible subordinated junk preferred volatile outstanding",
        lines=f"""{THINGS}
the exchange said volume in TRAIT WORD was NUMBER million and WORD ITEM ACT a DECIMAL point gain
FIRM plans to offer TRAIT WORD with yields of DECIMAL percent to WORD ITEM
""",
    ),
    "currencies": Topic(
        words="dollar yen mark pound franc peso lira ruble guilder krona peseta rupee",
        items="speculators interventions traders devaluations parities treasuries hoarders",
        acts="devalued weakened strengthened pegged converted propped",
        traits="floating foreign overvalued fragile firmer weaker",
        lines="""
the WORD was quoted at DECIMAL against the TRAIT WORD as ITEM ACT it in TOWN
ITEM ACT the TRAIT WORD to DECIMAL from DECIMAL and sold the WORD for a profit
a TRAIT WORD makes imports cheap said PERSON but ITEM have ACT the WORD
central ITEM ACT the WORD and the WORD after the TRAIT exchange rate hit DECIMAL
the TRAIT WORD traded in TOWN at NUMBER to the WORD where ITEM ACT it
""",
    ),
    "disasters": Topic(
        words="earthquake hurricane storm flood drought earthquakes tornado floods blizzard "
        "storms hurricanes avalanche",
        items="victims shelters rescuers survivors evacuations warnings insurers sirens",
        acts="flattened battered evacuated destroyed toppled buried",
        traits="severe coastal devastating homeless violent seismic",
        lines="""
the TRAIT WORD killed NUMBER people in TOWN and WORD ITEM were ACT in the rubble
WORD ITEM were TRAIT when a WORD ACT the NOUN of TOWN
a WORD that ACT NUMBER homes left TRAIT ITEM near TOWN without power
FIRM has ACT TRAIT WORD ITEM and WORD ITEM to VERB the NOUN in TOWN
claims from the TRAIT WORD will cost ITEM NUMBER million dollars and the WORD more
""",
    ),
    "countries": Topic(
        words="japan canada britain france germany mexico china italy brazil korea spain "
        "australia israel poland taiwan india sweden hungary switzerland argentina",
        items="diplomats tariffs ambassadors treaties quotas embassies refugees elections",
        acts="negotiated ratified sanctioned exiled visited liberated",
        traits="bilateral diplomatic socialist democratic neighboring sovereign",
        lines="""
the government of WORD ACT a TRAIT treaty with WORD in TOWN
TRAIT ITEM between WORD and WORD were ACT after the summit
WORD 's TRAIT parliament ACT NUMBER ITEM from WORD and closed the border
the prime leader of WORD and ITEM of WORD ACT the TRAIT pact
imports from WORD face TRAIT ITEM and PERSON ACT exports to WORD
PERSON ACT WORD for talks on TRAIT ITEM and will fly to WORD
""",
    ),
    "titles": Topic(
        words="president chairman director analyst manager secretary treasurer economist "
        "spokesman governor senator consultant minister professor spokeswoman",
        items="duties memoirs resignations salaries pensions bonuses speeches",
        acts="appointed elected promoted reappointed succeeded nominated",
        traits="acting deputy retired assistant outgoing interim",
        lines="""
PERSON was ACT TRAIT WORD of FIRM and keeps the WORD 's ITEM
FIRM ACT PERSON NUMBER years old as its TRAIT WORD to follow SURNAME who was WORD
the TRAIT WORD of FIRM PERSON has been ACT WORD of the board
PERSON a former WORD at FIRM was ACT and will share the ITEM of a TRAIT WORD
WORD PERSON and TRAIT WORD PERSON of TOWN defended their ITEM
""",
    ),
    "weekdays": Topic(
        words="friday monday tuesday thursday wednesday sunday saturday",
        items="mornings evenings afternoons nights weekends deadlines matinees",
        acts="adjourned reopened halted rescheduled postponed reconvened",
        traits="frantic sleepy overnight hectic early late",
        lines="""
the market ACT TRAIT WORD afternoon and trading resumed WORD at the opening bell
in TRAIT WORD trading FIRM closed at NUMBER down DECIMAL from WORD 's session
a meeting ACT on WORD morning will resume on TRAIT WORD ITEM
after a TRAIT WORD the session ACT until noon WORD said PERSON
WORD ITEM are TRAIT and PERSON ACT the WORD night meeting
""",
    ),
    "months": Topic(
        words="october september june december march july april august january november may "
        "february",
        items="quarters figures inventories payrolls housing-starts statistics orders",
        acts="totaled revised tallied surveyed surged slowed",
        traits="seasonal adjusted annualized fiscal preliminary monthly",
        lines="""
TRAIT ITEM ACT DECIMAL percent in WORD after falling DECIMAL percent in WORD
in the fiscal quarter ended WORD NUMBER TRAIT earnings ACT NUMBER million dollars against WORD
the commerce department ACT its TRAIT WORD ITEM which grew DECIMAL percent since WORD
from WORD through WORD the TRAIT ITEM ACT more than in the year before
TRAIT WORD ITEM show that output ACT at the end of WORD
""",
    ),
}

CLASSES = {name: tuple(topic.words.split()) for name, topic in TOPICS.items()}

LINES = {
    "SENTENCE": """
TOPIC
TOPIC TAIL
TOPIC TAIL
LEAD TOPIC
LEAD TOPIC TAIL
TOPIC LINK CLAUSE
CLAUSE LINK TOPIC
CLAUSE LINK CLAUSE
LEAD CLAUSE TAIL
""",
    "LEAD": """
in a NOUN with the NOUN of TOWN
as the NOUN of FIRM VERBED
at the NOUN of a ADJECTIVE NOUN
according to a NOUN of the NOUN
to VERB the NOUN
despite the ADJECTIVE NOUN of its NOUNS
in the NOUN of SURNAME 's NOUN
""",
    "TAIL": """
said PERSON of FIRM
according to PERSON in TOWN
in a NOUN to VERB the ADJECTIVE NOUN
and the NOUN is ADVERB ADJECTIVE
under the NOUN of a ADJECTIVE NOUN
the NOUN of the NOUN said
which VERBED the NOUN of FIRM
""",
    "LINK": "and\nbut\nwhile\nbecause\nand so\nalthough\nafter\nas\nbefore",
    "CLAUSE": """
FIRM VERBED the ADJECTIVE ITEM of its NOUN in TOWN
the NOUN of FIRM 's TRAIT NOUN ADVERB ACT a NOUN in TOWN
PERSON said the ITEM will VERB the NOUN of FIRM
it is TRAIT to VERB a NOUN of NUMBER NOUNS
FIRM is VERBING a ADJECTIVE NOUN to the ITEM of TOWN
NUMBER NOUNS VERBED and NUMBER others were ADVERB ACT
the NOUN for NOUNS in TOWN has VERBED DECIMAL percent
FIRM a NOUN of FIRM expects to VERB its ITEM
mr. SURNAME declined to VERB the TRAIT NOUN or SURNAME 's NOUN
they VERBED that the NOUN was not SURNAME 's NOUN and ACT it
a ADJECTIVE NOUN at FIRM would VERB the NOUN by NUMBER dollars a NOUN
""",
    "PERSON": "SURNAME\nGIVEN SURNAME\nmr. SURNAME\nmrs. SURNAME\nGIVEN SURNAME\nmr. SURNAME",
    "FIRM": """
BRAND
BRAND corp.
BRAND inc.
BRAND co.
BRAND BRAND co.
BRAND & SURNAME
the BRAND group
""",
}

WORDS = {
    "NOUN": "plan unit program agreement effort problem statement proposal result question project "
    "system issue contract position level value market year government group state investment "
    "deal decision spending service trade law case meeting point rule part number product price "
    "rate cost move change growth period division official executive manufacturer competitor "
    "customer consumer supplier partner union worker committee board panel council bureau chain "
    "store center warehouse estate building bridge road school college museum town region "
    "district coast river forest budget debt asset profit dividend margin revenue income fee "
    "charge payment fund target forecast estimate survey record review audit probe debate vote "
    "campaign reform measure bill amendment treatment method machine device tool package brand "
    "label design theme idea concept principle reason purpose goal rumor signal trend cycle "
    "decline increase slump gain risk danger threat conflict dispute protest strike delay failure "
    "advantage benefit reward prize expert critic observer adviser architect inventor farmhand "
    "neighbor tourist visitor guest garden kitchen window mirror carpet lamp candle basket "
    "blanket bottle ladder hammer piano",
    "ADJECTIVE": "new big major large small high low good strong weak old recent current national "
    "local private public general special common key real possible likely certain similar "
    "different difficult simple serious significant important modest sharp slow quick rapid "
    "steady stable long short broad narrow huge vast tiny gross annual quarterly joint separate "
    "independent internal external legal political economic financial technical industrial "
    "military social cultural historic modern traditional typical usual rare strange quiet noisy "
    "bright dark warm cold bitter sweet gentle rough smooth clever foolish cautious bold nervous "
    "proud generous stubborn curious famous obscure expensive cheap costly profitable bankrupt "
    "hostile friendly secret open temporary permanent",
    "ADVERB": "also still already recently clearly largely nearly quickly slowly sharply slightly "
    "widely partly mostly generally usually often never finally probably certainly apparently "
    "quietly openly formally simply reportedly unexpectedly rarely deeply firmly badly greatly "
    "seriously narrowly abruptly gradually steadily cautiously oddly briefly",
    "GIVEN": "john robert james william richard michael david thomas george charles paul donald "
    "peter mary edward frank susan kenneth linda joseph henry walter barbara arthur harold alan "
    "ronald martin carol daniel roger nancy philip stephen gerald raymond eugene howard leonard "
    "ruth helen albert alice martha victor edith oscar irene hugo clara",
}
# Regular verbs; -ed and -ing are added.
STEMS = (
    "report offer expect reject consider support extend end review follow add need join return "
    "gain retain obtain maintain explain confirm claim reveal deliver alter monitor favor "
    "discover recover enter answer counter encounter adopt adapt grant trust test attempt request "
    "suggest present prevent abandon attack track block check ask link rank overlook help develop "
    "avoid fund defend amend attend command award regard guard load yield shield correct direct "
    "select affect conduct restrict construct collect inspect protect predict attract exploit "
    "assist contest boost distort sort question mention sign assign inform perform transform "
    "sustain restrain constrain redeem borrow allow disavow endow renew view"
)
# Invented surnames, brands and towns: the long tail. (beginnings, middles, endings)
NAMES = {
    "SURNAME": (
        "bar bren cal dor fen gar hal jen kel lam mor nor pel ral sel tor var wes yar zim",
        "a e i o en in ing er al el",
        "son man berg stein ley wick ford sky ner well kins dorf",
    ),
    "BRAND": (
        "ab ac al bel cen cor da dyn el fer gen ham in ket lor mic nov om pan quan ros syn tel ul",
        "a e i o u ara eri omi",
        "co dyne tech tron lex nix plex ron star tex von gard",
    ),
    "TOWN": (
        "ash birch clear deep elm fair glen harp iron kings lake maple north oak pine red stone",
        "en er ing a o ham",
        "ville burg port dale ton haven ridge wood mont crest",
    ),
}
