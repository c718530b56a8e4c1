# ruff: noqa: RUF001 - French writes its apostrophes so
"""What a bag of evidence shows and does not show, in words that go with it."""

STATEMENT = """\
What this bag shows, and what it does not

It shows: each item has the bytes that were hashed when it was captured; what was captured, seen, copied and
handed over, when and by whom (as identifiers of accounts), is told in custody.jsonl; nobody changed, removed or
inserted an entry of that log without breaking its chain of hashes. `python3 verify.py` checks all of it.

It does not show: that what is seen in an item is true, that the clocks of devices were right, or what happened to
a file before it was sent. Whoever has the whole bag could make another one that agrees with itself: compare
Custody-Head in bag-info.txt with the hash that the system itself has, whose seals tell since when it has it. The
statements of described_as in items.json say what each item is. Nothing in this bag is certified by anybody.

Ce que ce dossier démontre, et ce qu’il ne démontre pas

Il démontre : chaque élément a les octets dont l’empreinte a été prise à la saisie; ce qui a été saisi, vu, copié
et remis, quand et par qui (par identifiant de compte), est dit dans custody.jsonl; personne n’a modifié, retiré
ni inséré une entrée de ce registre sans rompre sa chaîne d’empreintes. `python3 verify.py` vérifie tout cela.

Il ne démontre pas : que ce que montre un élément est vrai, que les horloges des appareils étaient justes, ni ce
qu’il est advenu d’un fichier avant son envoi. Quiconque détient le dossier entier pourrait en fabriquer un autre,
cohérent en soi : comparez Custody-Head dans bag-info.txt à l’empreinte que détient le système lui-même, dont les
sceaux disent depuis quand. Les énoncés described_as dans items.json disent ce qu’est chaque élément. Rien dans ce
dossier n’est certifié par quiconque.
"""
