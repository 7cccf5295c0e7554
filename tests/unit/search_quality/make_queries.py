#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds queries.tsv from documents.tsv: kind, query, the lines of the documents that answer it.

    make_queries.py documents.tsv >queries.tsv

What answers a query is decided by rules that no search engine has a part in: the document has the
code, the title, the phrase or the characters; it has another form of the word (the same beginning,
another ending of its language); it has the word that was misspelt; it is the page that the question
is about.
"""
import collections
import random
import re
import sys

random.seed(20261129)
documents = [line.rstrip("\n").split("\t") for line in open(sys.argv[1], encoding="utf-8")]
texts = [f"{title}\n{text}".lower() for _, title, text in documents]
words = [re.findall(r"[^\W\d_]+", text) for text in texts]
having = collections.defaultdict(set)
for place, list_ in enumerate(words):
    for word in list_:
        having[word].add(place)
language = [d[0] for d in documents]
rows = []


def add(kind, query, relevant):
    rows.append((kind, query, sorted(relevant)))


def codes():
    notes = [(i, re.search(r"[A-Z]{2}-\d{4}", d[2])[0]) for i, d in enumerate(documents) if d[1].startswith("Note ")]
    for count, (place, code) in enumerate(random.sample(notes, 30)):
        same = {i for i, c in notes if c == code}
        add("code", [f"error code {code}", code, code.replace("-", ""), f"why error {code.lower()}"][count % 4], same)


def titles():
    by_name = collections.defaultdict(set)
    for place, (_, title, _) in enumerate(documents):
        match = re.match(r"(\w[\w.]*?)\.\d: (.*?)(?: \(\d+\))?$", title)
        if match:
            by_name[f"{match[1]} {match[2]}".lower()].add(place)
    for name in random.sample(sorted(n for n in by_name if n.isascii()), 24):
        add("title", name, by_name[name])
    for name in random.sample(sorted(n for n in by_name if not n.isascii()), 16):
        add("title", name, by_name[name])


ENDINGS = {"de": "|e|en|er|n|s|es|em".split("|"), "en": "|s|ed|ing|es".split("|"), "fr": "|s|e|es".split("|"),
           "ru": "|а|ы|у|ой|е|ам|ами|ах|ов|ом|и|ей|я|ь|ю|ями|ям|ях|ого|ому|ым|ый|ая|ое|ые|ых".split("|")}


def inflections():
    for code, endings in ENDINGS.items():
        vocabulary = {w for i, l in enumerate(words) if language[i] == code for w in l}
        groups = collections.defaultdict(set)
        for word in vocabulary:
            for ending in endings:
                if word.endswith(ending) and len(word) - len(ending) >= 5:
                    groups[word[: len(word) - len(ending)] if ending else word].add(word)
        found = []
        for stem, forms in sorted(groups.items()):
            forms = sorted(forms)
            relevant = {i for f in forms for i in having[f] if language[i] == code}
            if len(forms) < 2 or not 2 <= len(relevant) <= 12:
                continue
            query = min(forms, key=lambda f: (len(having[f]), f))
            if 2 * len(having[query]) <= len(relevant):
                found.append((query, relevant))
        for query, relevant in random.sample(found, min(12, len(found))):
            add("inflection", query, relevant)


def phrases():
    count = 0
    places = list(range(len(documents)))
    random.shuffle(places)
    for place in places:
        list_ = words[place]
        if language[place] in ("ja", "zh", "ko") or len(list_) < 12 or count == 32:
            continue
        at = random.randrange(len(list_) - 4)
        phrase = list_[at: at + 3]
        pattern = re.compile(r"(?<![^\W_])" + r"[\W_]+".join(map(re.escape, phrase)) + r"(?![^\W_])")
        text = documents[place][2].lower()
        if " ".join(phrase) not in text:
            continue
        relevant = {i for i, d in enumerate(documents) if pattern.search(d[2].lower())}
        all_words = set.intersection(*(having[w] for w in phrase))
        if 1 <= len(relevant) <= 4 and len(all_words) >= 2 * len(relevant) + 1:
            add("phrase", '"' + " ".join(phrase) + '"', relevant)
            count += 1


def runs(code, pattern, kind, wanted):
    seen = set()
    places = [i for i in range(len(documents)) if language[i] == code]
    while wanted:
        text = documents[random.choice(places)][2]
        found = re.findall(pattern, text)
        if not found:
            continue
        run = random.choice(found)
        size = min(len(run), random.choice((2, 3, 4)))
        at = random.randrange(len(run) - size + 1)
        query = run[at: at + size]
        relevant = {i for i, t in enumerate(texts) if query.lower() in t}
        if query in seen or not 1 <= len(relevant) <= 8:
            continue
        seen.add(query)
        add(kind, query, relevant)
        wanted -= 1


# After a consonant, after a vowel.
PARTICLES = [("은", "는"), ("이", "가"), ("을", "를"), ("과", "와"), ("으로", "로"), ("의", "의"), ("에", "에"),
             ("에서", "에서"), ("도", "도"), ("까지", "까지")]


def korean(wanted):
    """A noun is what occurs with several particles."""
    forms = collections.defaultdict(set)
    for place, text in enumerate(texts):
        if language[place] != "ko":
            continue
        for word in re.findall(r"(?<![가-힣])[가-힣]{2,7}(?![가-힣])", text):
            for particle in {""} | {p for pair in PARTICLES for p in pair}:
                if word.endswith(particle) and len(word) - len(particle) >= 2:
                    forms[word[: len(word) - len(particle)]].add(particle)
    nouns = []
    for noun, particles in sorted(forms.items()):
        relevant = {i for i, text in enumerate(texts) if noun in text}
        if len(particles) >= 2 and noun[-1] not in "다도을에지서고터큼" and len(relevant) <= 8:
            nouns.append((noun, particles, relevant))
    for noun, particles, relevant in random.sample(nouns, wanted):
        vowel = (ord(noun[-1]) - 0xAC00) % 28 == 0
        other = random.choice([pair[vowel] for pair in PARTICLES if pair[vowel] not in particles])
        add("korean", noun + other, relevant)


def typos():
    vocabulary = sorted(w for w in having if 7 <= len(w) <= 14 and 1 <= len(having[w]) <= 6
                        and re.fullmatch(r"[a-zäöüßéèà]+|[а-яё]+", w))
    for count, word in enumerate(random.sample(vocabulary, 36)):
        at = random.randrange(2, len(word) - 2)
        wrong = [word[:at] + word[at + 1] + word[at] + word[at + 2:], word[:at] + word[at + 1:],
                 word[:at] + word[at] + word[at:], word[:at] + "x" + word[at + 1:]][count % 4]
        if wrong in having:
            continue
        add("typo", wrong, having[word])


QUESTIONS = [
    ("en", "how do I change my login shell?", r"chsh\.1: (NAME|DESCRIPTION)"),
    ("en", "how can I change the password of a user?", r"passwd\.1: (NAME|DESCRIPTION)"),
    ("en", "how do I create a new user?", r"useradd\.8: (NAME|DESCRIPTION)"),
    ("en", "how do I delete a group?", r"groupdel\.8: (NAME|DESCRIPTION)"),
    ("en", "how can I remove a user account and its files?", r"userdel\.8: (NAME|DESCRIPTION|OPTIONS)"),
    ("en", "when does my account expire?", r"(expiry|chage)\.1: (NAME|DESCRIPTION)"),
    ("en", "who administers a group, and how are members added?", r"gpasswd\.1: (NAME|DESCRIPTION|OPTIONS)"),
    ("en", "how are shadow passwords converted to and from shadow passwords?", r"pwconv\.8: (NAME|DESCRIPTION)"),
    ("en", "how do I verify the integrity of password files?", r"pwck\.8: (NAME|DESCRIPTION)"),
    ("en", "how can I view compressed text files?", r"xzless\.1: (NAME|DESCRIPTION)"),
    ("en", "how do I see the failed logins of a user?", r"faillog\.8: (NAME|DESCRIPTION)"),
    ("en", "how do I edit the password file safely?", r"vipw\.8: (NAME|DESCRIPTION)"),
    ("en", "which users have logged in most recently?", r"lastlog\.8: (NAME|DESCRIPTION)"),
    ("en", "how do I log in to a new group?", r"newgrp\.1: (NAME|DESCRIPTION)"),
    ("de", "wie ändere ich die Login-Shell?", r"chsh\.1:"),
    ("de", "wie wird ein neuer Benutzer angelegt?", r"useradd\.8: NAME"),
    ("de", "wie lösche ich eine Gruppe?", r"groupdel\.8:"),
    ("de", "wie ändere ich das Passwort eines Benutzers?", r"passwd\.1:"),
    ("de", "wie sehe ich mir komprimierte Dateien an?", r"xzless\.1: (BEZEICHNUNG|BESCHREIBUNG)"),
    ("fr", "comment supprimer un compte utilisateur ?", r"userdel\.8: NOM"),
    ("fr", "comment supprimer un groupe ?", r"groupdel\.8:"),
    ("fr", "comment changer d'interpréteur de commandes ?", r"chsh\.1:"),
    ("fr", "comment voir des fichiers compressés ?", r"xzless\.1: (NOM|DESCRIPTION)"),
    ("ru", "как изменить пароль пользователя?", r"passwd\.1:"),
    ("ru", "как удалить группу?", r"groupdel\.8:"),
    ("ru", "как добавить нового пользователя?", r"(useradd|newusers)\.8: (НАЗВАНИЕ|ИМЯ)"),
    ("ja", "グループを削除するには", r"groupdel\.8: 名前"),
    ("ja", "ログインシェルを変更するには", r"chsh\.1:"),
    ("ja", "ユーザアカウントを削除するには", r"userdel\.8: 名前"),
    ("ko", "압축한 텍스트 파일을 보려면?", r"xzless\.1: (이름|설명)"),
    ("zh", "怎样创建新用户？", r"(useradd|newusers)\.8: 名称"),
    ("zh", "如何删除用户账户？", r"userdel\.8: 名称"),
    ("zh", "在哪里查看登录失败？", r"faillog\.8: 名称"),
]


def questions():
    for code, question, pattern in QUESTIONS:
        relevant = {i for i, d in enumerate(documents) if d[0] == code and re.match(pattern, d[1])}
        if relevant:
            add("question", question, relevant)
        else:
            print("nothing for", question, file=sys.stderr)


codes()
titles()
inflections()
phrases()
runs("zh", r"[\u4e00-\u9fff]{2,}", "chinese", 28)
runs("ja", r"[\u4e00-\u9fff\u30a1-\u30fa\u30fc]{2,}", "japanese", 28)
korean(28)
typos()
questions()
for kind, query, relevant in rows:
    print(f"{kind}\t{query}\t{','.join(map(str, relevant))}")
