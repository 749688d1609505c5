"""Names and titles of people and companies that do not exist."""

import unicodedata
from typing import NamedTuple


class JobTitle(NamedTuple):
    """A title, how common it is, and what the CRM concludes from it."""

    title: str
    weight: float
    job_function: str
    seniority: str
    persona: str


JOB_TITLES = (
    JobTitle("Chief Executive Officer", 4, "Management", "C-level", "Economic buyer"),
    JobTitle("Chief Financial Officer", 5, "Finance", "C-level", "Economic buyer"),
    JobTitle("Chief Operating Officer", 5, "Operations", "C-level", "Economic buyer"),
    JobTitle("VP Operations", 4, "Operations", "VP", "Economic buyer"),
    JobTitle("Head of Planning", 9, "Operations", "Head", "Champion"),
    JobTitle("Head of Logistics", 7, "Operations", "Head", "Champion"),
    JobTitle("Operations Manager", 11, "Operations", "Manager", "Champion"),
    JobTitle("Chief Information Officer", 3, "IT", "C-level", "Technical evaluator"),
    JobTitle("Head of IT", 6, "IT", "Head", "Technical evaluator"),
    JobTitle("IT Manager", 8, "IT", "Manager", "Technical evaluator"),
    JobTitle("Solution Architect", 6, "IT", "Specialist", "Technical evaluator"),
    JobTitle("Planning Specialist", 12, "Operations", "Specialist", "End user"),
    JobTitle("Business Analyst", 10, "Finance", "Specialist", "End user"),
    JobTitle("Logistics Coordinator", 8, "Operations", "Specialist", "End user"),
    JobTitle("Controller", 5, "Finance", "Specialist", "End user"),
)
SHORT_TITLES = {
    "Chief Executive Officer": "CEO",
    "Chief Financial Officer": "CFO",
    "Chief Operating Officer": "COO",
    "Chief Information Officer": "CIO",
    "Operations Manager": "Ops Manager",
    "IT Manager": "IT Mgr",
    "Head of IT": "Head IT",
}

POLISH_FIRST_NAMES = (
    *("Adam", "Agnieszka", "Aleksandra", "Barbara", "Bartosz", "Damian", "Dorota", "Ewa", "Filip", "Grzegorz"),
    *("Hanna", "Iwona", "Jakub", "Joanna", "Kamil", "Katarzyna", "Krzysztof", "Łukasz", "Magdalena", "Marcin"),
    *("Marta", "Michał", "Natalia", "Paweł", "Piotr", "Rafał", "Sylwia", "Tomasz", "Wojciech", "Zofia"),
)
GERMAN_FIRST_NAMES = (
    *("Andreas", "Anja", "Birgit", "Christian", "Claudia", "Daniel", "Eva", "Florian", "Frank", "Heike"),
    *("Jan", "Jens", "Julia", "Jürgen", "Karin", "Katrin", "Lena", "Lukas", "Markus", "Martina"),
    *("Matthias", "Nicole", "Oliver", "Petra", "Sabine", "Sebastian", "Stefan", "Susanne", "Thomas", "Uwe"),
)
OTHER_FIRST_NAMES = (
    *("Alex", "Anna", "Ben", "Clara", "David", "Ella", "Emma", "Erik", "George", "Grace"),
    *("Hugo", "Ida", "Jack", "Karel", "Laura", "Lucas", "Maria", "Martin", "Nora", "Oscar"),
    *("Peter", "Rosa", "Sam", "Sara", "Simon", "Sofia", "Tereza", "Victor", "Willem", "Zuzana"),
)
# Invented surnames: plausible to the eye, so that pages look real, yet nobody's.
POLISH_SURNAMES = (
    *("Brzozalski", "Dębczak", "Fiołkowiak", "Gawronczyk", "Jarzębowicz", "Kaczeńczak", "Kłosowiak", "Lipczalski"),
    *("Makowiczak", "Ostroźny", "Pokrzywiak", "Rumiankiewicz", "Sarniczek", "Tatarakowicz", "Wiązowczyk", "Żabiniec"),
    *("Borówczalski", "Cisowiak", "Dzięgielak", "Głogowiczak", "Jałowczyk", "Koniczyniak", "Łopianowicz", "Mchowiak"),
)
GERMAN_SURNAMES = (
    *("Ahornsberg", "Birkenthaler", "Distelkamp-Rau", "Eschenrieder", "Farnhuber", "Ginsterau", "Holderstedt"),
    *("Ilmenrot", "Kiefernbach", "Lindenkorn", "Moosgräber", "Nelkenstein", "Ottergrund", "Pappelreiter", "Quellrain"),
    *("Rohrdommler", "Schlehenfeld", "Tannwälder", "Ulmenrath", "Veilchenau", "Weidengrün", "Zederholm", "Buchfinker"),
)
OTHER_SURNAMES = (
    *("Alderfield", "Brackenby", "Cloverholt", "Dovesgate", "Elmscroft", "Fernwright", "Gorseley", "Heatherlow"),
    *("Ivyman", "Junipersson", "Kestrelby", "Larkmoor", "Mossgrove", "Nettlestam", "Oakenveld", "Plumridge"),
    *("Quailström", "Rowanby", "Sedgewater", "Thornvik", "Umberland", "Vinehart", "Wrenholt", "Yarrowman"),
)
FIRST_NAMES = {"pl": POLISH_FIRST_NAMES, "de": GERMAN_FIRST_NAMES, "en": OTHER_FIRST_NAMES}
SURNAMES = {"pl": POLISH_SURNAMES, "de": GERMAN_SURNAMES, "en": OTHER_SURNAMES}

COMPANY_STEMS = (
    *("Alba", "Arden", "Astro", "Balta", "Bergo", "Bruma", "Calda", "Cedra", "Corvo", "Dalma", "Delfa", "Dorna"),
    *("Elba", "Eskra", "Fala", "Ferro", "Fjordo", "Galta", "Grana", "Hansa", "Helio", "Ikra", "Iskra", "Jantar"),
    *("Javo", "Kalmo", "Karpa", "Korda", "Lagra", "Lipo", "Lumo", "Magna", "Marea", "Modra", "Narva", "Norda"),
    *("Odra", "Orla", "Palma", "Pinea", "Prosna", "Ralta", "Ruda", "Salva", "Sirta", "Solva", "Tarna", "Terra"),
    *("Tisza", "Ultra", "Varta", "Velo", "Vista", "Warmia", "Wesera", "Xanta", "Zefra", "Zora"),
)
COMPANY_ENDINGS = (
    *("bau", "chem", "control", "dom", "energia", "fabrik", "form", "gas", "glas", "haus", "holz", "lab", "line"),
    *("logis", "mark", "med", "met", "mix", "mobil", "net", "pack", "plast", "pol", "print", "rail", "serwis", "soft"),
    *("stal", "tech", "tex", "trans", "werk"),
)

LETTERS_WITHOUT_MARKS = str.maketrans({"ł": "l", "ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue", " ": "-"})


def as_address(name: str) -> str:
    """A name in the letters that an e-mail address or a domain has."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(LETTERS_WITHOUT_MARKS))
    return "".join(letter for letter in plain if letter.isascii() and (letter.isalnum() or letter in ".-"))
