"""Words that names are made of: peoples and places, acronyms, titles, particles, the calendar.

Tables and how they are looked up, nothing more: it must not know sentences or articles.

The countries are the members of the United Nations and their neighbours in the news, with the
nouns and adjectives of the CIA World Factbook (field "Nationality"); the abbreviations are the
common ones of news agencies' style books.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final

__all__ = [
    "BODIES",
    "CALENDAR",
    "PARTICLES",
    "SCIENCE",
    "SCIENTIFIC",
    "TITLES",
    "VOCABULARY",
    "country",
    "expansions",
    "family",
    "is_place",
    "known_phrases",
]

# One line, one family: any of these words stands for any other. Plurals in -s follow by rule.
_PLACES: Final = """
abkhazia abkhaz abkhazian|afghanistan afghan|africa african|alaska alaskan|albania albanian
algeria algerian|amazon amazonian|america american us usa|anatolia anatolian|andalusia andalusian
andes andean|andorra andorran|angola angolan|antarctica antarctic|arabia arab arabian arabic|arctic
argentina argentine argentinian argentinean|armenia armenian|artsakh karabakh|asia asian
australia australian aussie|austria austrian|azerbaijan azerbaijani azeri|bahamas bahamian
bahrain bahraini|bali balinese|balkan balkans|baltic baltics|bangladesh bangladeshi
barbados barbadian|basque|bavaria bavarian|belarus belarusian belarussian byelorussian
belgium belgian|belize belizean|bengal bengali|benin beninese|berlin berliner|bhutan bhutanese
bohemia bohemian|bolivia bolivian|borneo bornean|bosnia bosnian|botswana motswana|brazil brazilian
britain british briton uk brit|brittany breton|brunei bruneian|bulgaria bulgarian|burma burmese
burundi burundian|byzantium byzantine|calabria calabrian|california californian
cambodia cambodian khmer|cameroon cameroonian|canada canadian|caribbean|castile castilian
catalonia catalan|caucasus caucasian|celt celtic|chad chadian|chechnya chechen|chicago chicagoan
chile chilean|china chinese sino|colombia colombian|comoros comorian|congo congolese
cornwall cornish|corsica corsican|crete cretan|crimea crimean|croatia croatian croat|cuba cuban
cyprus cypriot|czechia czech|dagestan dagestani|dalmatia dalmatian|denmark danish dane
djibouti djiboutian|dominica dominican|ecuador ecuadorian|egypt egyptian|emirates emirati
england english englishman englishmen englishwoman|eritrea eritrean|estonia estonian
ethiopia ethiopian|eu|europe european euro|fiji fijian|finland finnish finn|flanders flemish
florida floridian|france french frenchman frenchmen frenchwoman|gabon gabonese|galicia galician
galilee galilean|gambia gambian|gaza gazan|genoa genoese|georgia georgian|germany german
ghana ghanaian|greece greek hellenic|greenland greenlander greenlandic|grenada grenadian
guatemala guatemalan|guinea guinean|guyana guyanese|haiti haitian|hawaii hawaiian
himalaya himalayas himalayan|holland netherlands dutch dutchman dutchmen|honduras honduran
hungary hungarian|iberia iberian|iceland icelandic icelander|india indian|indonesia indonesian
iran iranian persian persia|iraq iraqi|ireland irish irishman irishmen irishwoman|israel israeli
italy italian|jamaica jamaican|japan japanese|java javanese|jerusalem|jordan jordanian
kashmir kashmiri|kazakhstan kazakh kazakhstani|kenya kenyan|korea korean|kosovo kosovar kosovan
kurdistan kurd kurdish|kuwait kuwaiti|kyrgyzstan kyrgyz kyrgyzstani|laos lao laotian|lapland lapp
latin latino latina|latvia latvian|lebanon lebanese|lesotho basotho|levant levantine
liberia liberian|libya libyan|liechtenstein liechtensteiner|lithuania lithuanian|lombardy lombard
london londoner|luxembourg luxembourger luxembourgish|macedonia macedonian|madagascar malagasy
maghreb maghrebi|malawi malawian|malaysia malaysian malay|maldives maldivian|mali malian
malta maltese|manchester mancunian|manchuria manchurian|mauritania mauritanian|mauritius mauritian
mediterranean|melbourne melburnian|mercia mercian|mesopotamia mesopotamian|mexico mexican
milan milanese|moldova moldovan moldavian moldavia|monaco monegasque|mongolia mongolian mongol
montenegro montenegrin|moravia moravian|morocco moroccan|moscow muscovite|mozambique mozambican
myanmar|namibia namibian|naples neapolitan|nauru nauruan|nepal nepali nepalese
newfoundland newfoundlander|nicaragua nicaraguan|niger nigerien|nigeria nigerian|normandy norman
norway norwegian|oman omani|orkney orcadian|ossetia ossetian ossete|ottoman|pacific
pakistan pakistani|palau palauan|palestine palestinian|panama panamanian|papua papuan
paraguay paraguayan|paris parisian|patagonia patagonian|peru peruvian
philippines filipino filipina philippine|poland polish pole|polynesia polynesian
portugal portuguese|provence provencal|prussia prussian|puerto boricua|punjab punjabi|qatar qatari
quebec quebecer quebecois|romania romanian|rome roman|russia russian|rwanda rwandan|sahara saharan
sahel sahelian|samoa samoan|sardinia sardinian|saudi saudis|saxony saxon|scandinavia scandinavian
scotland scottish scot scots scotsman|senegal senegalese|serbia serbian serb|seychelles seychellois
siberia siberian|sicily sicilian|silesia silesian|singapore singaporean|slav slavic slavonic
slovakia slovak slovakian|slovenia slovenian slovene|somalia somali somalian|spain spanish spaniard
sparta spartan|sudan sudanese|sumatra sumatran|suriname surinamese|swaziland swazi eswatini
sweden swedish swede|switzerland swiss|sydney sydneysider|syria syrian|taiwan taiwanese
tajikistan tajik tajikistani|tanzania tanzanian|tasmania tasmanian|tatarstan tatar|texas texan
thailand thai|thrace thracian|tibet tibetan|togo togolese|tonga tongan|transnistria transnistrian
transylvania transylvanian|trinidad trinidadian|tunisia tunisian|turkey turkish turk turkiye
turkmenistan turkmen|tuscany tuscan|tuvalu tuvaluan|uganda ugandan|ukraine ukrainian|ulster
umbria umbrian|un|uruguay uruguayan|uzbekistan uzbek|vanuatu|vatican|venezuela venezuelan
venice venetian|vienna viennese|vietnam vietnamese|wales welsh welshman|wallonia walloon
yemen yemeni yemenite|yerevan yerevantsi|yugoslavia yugoslav|zambia zambian|zealand zealander kiwi
zimbabwe zimbabwean
"""
_FAMILIES: Final = """
aids hiv|alps alpine|apr april|aug august|baptist baptism|bayes bayesian|bible biblical
buddha buddhism buddhist|catholic catholicism|christ christian christianity
confucius confucian confucianism|conservative tory conservatives|corfu corfiot|cyclades cycladic
dec december|democrat democratic|elizabeth elizabethan|feb february|fri friday|ft fort
gauss gaussian|hebrides hebridean|hilbert hilbertian|hindu hinduism|isis isil daesh
islam islamic islamist islamism|ivory ivorian|jan january|jew jewish judaism|jihad jihadi jihadist
jul july|jun june|kyiv kiev|labour|lanka lankan|liberal|lipschitz|lutheran|mar march
markov markovian|marx marxist marxism|mon monday|mt mount|muslim moslem|napoleon napoleonic
nazi nazism|nov november|oct october|odesa odessa|olympic olympics olympian|orthodox orthodoxy
paralympic paralympics|protestant protestantism|republican|riemann riemannian|sat saturday
sep sept september|shakespeare shakespearean|shia shiite|sikh sikhism|socialist socialism
soviet soviets|st saint|stalin stalinist|sun sunday|sunni|taliban talib|thu thur thurs thursday
tue tues tuesday|tv television|victoria victorian|wed weds wednesday|zion zionist zionism
"""

# A country and its capitals: an article about Baku is one about Azerbaijan.
_CAPITALS: Final = """
abkhazia sukhumi|afghanistan kabul|albania tirana|algeria algiers|america washington|angola luanda
armenia yerevan|australia canberra|austria vienna|azerbaijan baku|bahrain manama|bangladesh dhaka
belarus minsk|belgium brussels|bolivia sucre|bosnia sarajevo|brazil brasilia|britain london
bulgaria sofia|cameroon yaounde|canada ottawa|chad ndjamena|chile santiago|china beijing
colombia bogota|croatia zagreb|cuba havana|cyprus nicosia|czechia prague|denmark copenhagen
ecuador quito|egypt cairo|england london|eritrea asmara|estonia tallinn|finland helsinki
france paris|georgia tbilisi|germany berlin|ghana accra|greece athens|hungary budapest
iceland reykjavik|india delhi|indonesia jakarta|iran tehran|iraq baghdad|ireland dublin
israel jerusalem|italy rome|jamaica kingston|japan tokyo|jordan amman|kazakhstan astana
kenya nairobi|korea seoul pyongyang|kosovo pristina|kyrgyzstan bishkek|laos vientiane|latvia riga
lebanon beirut|libya tripoli|lithuania vilnius|macedonia skopje|madagascar antananarivo
malawi lilongwe|mali bamako|malta valletta|moldova chisinau|mongolia ulaanbaatar
montenegro podgorica|morocco rabat|mozambique maputo|myanmar naypyidaw|namibia windhoek
nepal kathmandu|netherlands hague amsterdam|nicaragua managua|niger niamey|nigeria abuja
norway oslo|oman muscat|pakistan islamabad|palestine ramallah|peru lima|philippines manila
poland warsaw|portugal lisbon|qatar doha|romania bucharest|russia moscow|rwanda kigali|saudi riyadh
scotland edinburgh|senegal dakar|serbia belgrade|slovakia bratislava|slovenia ljubljana
somalia mogadishu|spain madrid|sudan khartoum|sweden stockholm|switzerland bern|syria damascus
taiwan taipei|tajikistan dushanbe|tanzania dodoma|thailand bangkok|tunisia tunis|turkey ankara
turkmenistan ashgabat|uganda kampala|ukraine kyiv kiev|uruguay montevideo|uzbekistan tashkent
venezuela caracas|vietnam hanoi|wales cardiff|yemen sanaa|zambia lusaka|zimbabwe harare
"""

# What an acronym stands for, all in lower case. One acronym may stand for several things.
_ACRONYMS: Final = """
ai artificial intelligence|au african union|bbc british broadcasting corporation

cia central intelligence agency|cis commonwealth of independent states
csto collective security treaty organization|dc district of columbia|dna deoxyribonucleic acid
dprk north korea|drc democratic republic of congo|drc democratic republic of the congo
eaeu eurasian economic union|ebrd european bank for reconstruction and development
ecb european central bank|eeu eurasian economic union|eu european union
fbi federal bureau of investigation|fda food and drug administration|fed federal reserve
fifa international football federation|fsb federal security service|gop republican party
gp general practitioner|iaea international atomic energy agency|icc international criminal court
icj international court of justice|icrc international committee of the red cross
imf international monetary fund|ira irish republican army|is islamic state|isil islamic state
isis islamic state|la los angeles|mep member of the european parliament|mp member of parliament
nasa national aeronautics and space administration|nato north atlantic treaty organization
nba national basketball association|nfl national football league|nhs national health service
nsa national security agency|ny new york|nyc new york|nyc new york city
osce organization for security and cooperation in europe|pc personal computer
pkk kurdistan workers party|pm prime minister|pms prime ministers|rok south korea|sa south africa
uae emirates|uae united arab emirates|ucla university of california los angeles|uk great britain
uk united kingdom|un united nations|unicef united nations childrens fund|us united states
us united states of america|usa united states|ussr soviet union|vp vice president
who world health organisation|who world health organization|wto world trade organization
"""

_TITLES_TEXT: Final = (
    "mr mrs ms miss dr prof professor sir lady lord dame rev reverend father sister brother"
    " bishop archbishop pope saint king queen prince princess emperor sultan sheikh emir"
    " president vice prime minister premier chancellor governor mayor senator congressman"
    " congresswoman representative deputy secretary ambassador consul judge justice general"
    " colonel lieutenant captain major sergeant admiral commander inspector superintendent"
    " officer chief detective constable coach director chairman chairwoman manager ceo actor"
    " actress singer former acting foreign defence defense interior finance speaker leader gen"
    " col lt capt maj sgt sen rep gov supt det insp baroness baron count countess duke duchess"
    " doctor attorney spokesman spokeswoman spokesperson imam rabbi ayatollah mullah pm mp mps"
)
TITLES: Final = frozenset(_TITLES_TEXT.split())
# Words with capitals that are no names but common nouns and adjectives: acronyms of such, ...
_VOCABULARY_TEXT: Final = (
    "tv dvd cd pc gps cctv dna rna hiv aids icu mri ct atm suv vip ceo cfo pr hr it ai gdp iq id"
    " vat usb led lgbt pdf sms faq diy ngo mp mps pm am ok phd ba ma"
)
VOCABULARY: Final = frozenset(_VOCABULARY_TEXT.split())
# ... and in papers what science has made of its scholars' names and its own methods.
_SCIENCE_TEXT: Final = (
    "api cpu gpu tpu nlp ml rl dl nn dnn cnn rnn gnn gcn gan vae lstm mlp svm sgd pgd erm mdp gp kl"
    " elbo mcmc em pca ood sota lm llm mt qa asr ocr auc bleu relu"
    " boolean lipschitz gaussian bayesian markov markovian euclidean riemannian hilbert fourier"
    " laplace laplacian hessian jacobian newtonian hamiltonian lagrangian cartesian bernoulli"
    " poisson"
)
SCIENCE: Final = frozenset(_SCIENCE_TEXT.split())
_SCIENTIFIC_TEXT: Final = (
    "algorithm algorithms model models neural network networks theorem theoretical empirical"
    " empirically baseline baselines benchmark benchmarks dataset datasets optimization gradient"
    " convergence stochastic parameters classifier propose proposed embeddings kernel probabilistic"
)
SCIENTIFIC: Final = frozenset(_SCIENTIFIC_TEXT.split())
# What countries and towns have, with a capital or without: "the Baku Court" for the court of Baku.
_BODIES_TEXT: Final = (
    "academy administration agency airport army association authority bank board border"
    " bridge bureau cabinet church city club commission committee company congress"
    " constitution corporation council county court department district embassy federation"
    " force forces foundation government group hall hospital house institute league library"
    " ministry museum navy office parliament park party police port prison province region"
    " republic river road school senate service society state station street team theatre town"
    " union university valley village"
)
BODIES: Final = frozenset(_BODIES_TEXT.split())
# Lower-case words inside a name: "Ludwig van Beethoven", "Osama bin Laden", "Charles de Gaulle".
_PARTICLES_TEXT: Final = (
    "al bin ibn bint el de del della di da do dos das du la le les van von der den ter ten zu"
    " zur af av of y e"
)
PARTICLES: Final = frozenset(_PARTICLES_TEXT.split())
_CALENDAR_TEXT: Final = (
    "monday tuesday wednesday thursday friday saturday sunday january february march april"
    " may june july august september october november december christmas easter ramadan"
)
CALENDAR: Final = frozenset(_CALENDAR_TEXT.split())


@cache
def _families() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for table in (_PLACES, _FAMILIES):
        for line in table.replace("\n", "|").split("|"):
            if words := line.split():
                for word in words:
                    found.setdefault(word, set()).add(words[0])
    return {word: frozenset(keys) for word, keys in found.items()}


@cache
def _places() -> frozenset[str]:
    return frozenset(_PLACES.replace("|", " ").split())


@cache
def _expansions() -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    by_acronym: dict[str, tuple[str, ...]] = {}
    by_phrase: dict[str, str] = {}
    for line in _ACRONYMS.strip().replace("\n", "|").split("|"):
        acronym, _, phrase = line.partition(" ")
        by_acronym[acronym] = (*by_acronym.get(acronym, ()), phrase)
        by_phrase[phrase] = acronym
    return by_acronym, by_phrase


def expansions(acronym: str) -> tuple[str, ...]:
    """Return what an acronym, folded, is known to stand for: ("united nations",) for "un"."""
    return _expansions()[0].get(acronym, ())


def known_phrases() -> Mapping[str, str]:
    """Return the acronym of every phrase that has a known one; all folded."""
    return _expansions()[1]


def family(word: str) -> frozenset[str]:
    """Return what `word`, folded, is another form of: {"armenia"} for "armenian" and "armenians".

    The word itself where it has no family.
    """
    families = _families()
    for form in (word, word.removesuffix("s")):
        if form in families:
            return families[form]
    return frozenset((word,))


@cache
def _countries() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in _CAPITALS.replace("\n", "|").split("|"):
        for capital in line.split()[1:]:
            found.setdefault(capital, set()).add(line.split()[0])
    return {capital: frozenset(countries) for capital, countries in found.items()}


def country(capital: str) -> frozenset[str]:
    """Return the families of the countries, mostly one, that a capital, folded, stands for."""
    return _countries().get(capital, frozenset())


def is_place(word: str) -> bool:
    """Tell whether `word`, folded, is a country or a people: a name wherever it stands."""
    return word in _places() or word.removesuffix("s") in _places()
