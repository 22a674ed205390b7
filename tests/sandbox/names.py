"""Words for believable books: people, companies, streets and towns in four languages."""


def _words(text: str, between: str | None = None) -> list[str]:
    return text.split(between)


FIRST_NAMES = {
    "nl": _words("Lotte Jan Els Pieter Sofie Wouter Griet Bram Hilde Tom Anke Joris Nele Koen"),
    "fr": _words("Amélie Luc Chloé Benoît Élise Thibault Noémie Gérard Inès Hugo Maëlle Cédric"),
    "en": _words("Alice George Emma Oliver Grace Harry Olivia Jack Sophie Thomas"),
    "de": _words("Jürgen Käthe Lukas Anna Björn Greta Matthias Sabine Uwe Heike"),
}
LAST_NAMES = {
    "nl": _words("Verhaeghe Peeters Janssens Maes Jacobs Mertens Willems Claes Goossens Wouters"),
    "fr": _words("Dupont Lambert Dubois Lefèvre Simon Laurent Leclercq Renard Noël François"),
    "en": _words("Smith Taylor Brown Walker Wright Thompson Hughes Edwards Green Hall"),
    "de": _words("Müller Schäfer Weiß Schröder Krüger Hoffmann Koch Bauer Richter Wolf"),
}
TRADES = {
    "nl": _words(
        "Bakkerij Drukkerij Garage Apotheek Slagerij Schrijnwerkerij Tuincentrum Loodgieterij"
        " Boekhandel Fietsenmaker"
    ),
    "fr": _words(
        "Boulangerie Imprimerie Garage Pharmacie Boucherie Menuiserie Jardinerie Librairie"
        " Brasserie Plomberie"
    ),
    "en": _words("Bakery Printers Motors Pharmacy Butchers Joinery Gardens Books Brewery Plumbing"),
    "de": _words("Bäckerei Druckerei Autohaus Apotheke Metzgerei Schreinerei Gärtnerei Brauerei"),
}
FANCIES = {
    "nl": _words("De Korenbloem|Ter Dolen|'t Hoekje|Het Anker|De Linde|Zonnebloem|De Zwaan", "|"),
    "fr": _words("du Midi|de la Gare|L'Étoile|des Ardennes|Saint-Michel|du Parc|Le Cygne", "|"),
    "en": _words("North Sea|Harbour|Riverside|Old Mill|Kingfisher|Greenfield|Lighthouse", "|"),
    "de": _words("am Markt|Zur Post|Eifel|Sonnenhof|am Rhein|Bergblick|Waldhaus", "|"),
}
FORMS = {
    "nl": ("BV", "NV", "VOF", "CV"),
    "fr": ("SRL", "SA", "ASBL", "SNC"),
    "en": ("Ltd", "LLP", "BV"),
    "de": ("GmbH", "UG", "e.K."),
}
STREETS = {
    "nl": _words(
        "Molenstraat Kerkstraat Stationsplein Veldweg Nieuwstraat Dorpsstraat Gentsesteenweg"
    ),
    "fr": _words("Rue Haute|Avenue Louise|Place du Marché|Rue de l'Église|Chaussée de Liège", "|"),
    "en": _words("High Street|Station Road|Church Lane|Mill Lane|Victoria Road", "|"),
    "de": _words("Hauptstraße Bahnhofstraße Gartenweg Schulstraße Lindenallee"),
}
TOWNS = {  # language -> postal code, town, country
    "nl": (
        ("9000", "Gent", "BE"),
        ("2000", "Antwerpen", "BE"),
        ("3000", "Leuven", "BE"),
        ("8000", "Brugge", "BE"),
        ("9820", "Merelbeke", "BE"),
        ("1012 AB", "Amsterdam", "NL"),
    ),
    "fr": (
        ("1000", "Bruxelles", "BE"),
        ("4000", "Liège", "BE"),
        ("5000", "Namur", "BE"),
        ("7000", "Mons", "BE"),
        ("59000", "Lille", "FR"),
    ),
    "en": (("1050", "Ixelles", "BE"), ("3080", "Tervuren", "BE"), ("D02 X285", "Dublin", "IE")),
    "de": (("4700", "Eupen", "BE"), ("4780", "Sankt Vith", "BE"), ("50667", "Köln", "DE")),
}
SERVICES = (
    "Onderhoud oven",
    "Hosting en beheer",
    "Entretien annuel",
    "Consulting September",
    "Levering drukwerk",
    "Wartungsvertrag",
)
# Names that real books contain sooner or later; the key says what is odd about them.
ODD_NAMES = {
    "ampersand": "Peeters & Zonen BV",
    "quotes": 'Café "De Vrolijke Drinker" & l\'Ami',
    "emoji": "Bloemen 🌷 Fleur 🌻 BV",
    "very long": "Vereniging van Mede-eigenaars Residentie " + "Ter Duinen en Heide " * 12,
    "formula": '=cmd()|"/C calc"!A0',
    "markup": "<script>alert('factuur')</script> NV",
    "right to left": "Zuivel \u202eVB kleM\u202c BV",
    "control": "Tab\tNieuwe\u00a0Regel\nBV",
    "spaces": "   Dubbele   Spaties  BV ",
}
