#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The software bill of materials of the package, SPDX 2.3 as JSON: its programs with their hashes, the
Debian packages of the libraries that they load, those that libpq brings, and those compiled in.

    sbom.py BIN_DIR VERSION EPOCH
"""
import datetime
import functools
import hashlib
import json
import pathlib
import re
import subprocess
import sys

# Headers and static libraries whose code is in the programs. The shared ones are found by ldd; it does
# not know of libpq, which is loaded, with what it needs itself, when a store on PostgreSQL is opened.
COMPILED_IN = ("libboost1.81-dev", "libboost-dev", "libcli11-dev", "libexpected-dev", "libsqlitecpp-dev",
               "nlohmann-json3-dev")


def output(*command):
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


@functools.lru_cache
def owner(path):
    """The package of a library, under either name that a merged /usr gives it."""
    for name in (path, str(pathlib.Path(path).resolve()), path.removeprefix("/usr")):
        if found := output("dpkg-query", "-S", name):
            return found.split("\n")[0].partition(": ")[0].split(",")[0].split(":")[0]
    sys.exit(f"sbom: no package owns {path}")


def debian_package(name):
    line = output("dpkg-query", "-W", "-f", "${Version}\t${source:Package}\t${Homepage}\t${Status}", name)
    if "ok installed" not in line:
        return None
    version, source, homepage, _ = line.split("\t")
    return {
        "SPDXID": f"SPDXRef-Package-{re.sub('[^A-Za-z0-9.-]', '-', name)}",
        "name": name,
        "versionInfo": version,
        "supplier": "Organization: Debian",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "licenseComments": f"/usr/share/doc/{name}/copyright",
        "copyrightText": "NOASSERTION",
        **({"homepage": homepage} if homepage else {}),
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": f"pkg:deb/debian/{name}@{version}?upstream={source}",
        }],
    }


def loaded_by(binary):
    """The packages of the shared libraries that a program or library needs, and they in turn."""
    return {owner(path) for path in re.findall(r"(/\S+) \(0x", output("ldd", binary))}


def main():
    bin_dir, version, epoch = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    binaries = sorted(bin_dir.glob("holdfast*"))
    files, linked, everything = [], set(), hashlib.sha256()
    for binary in binaries:
        content = binary.read_bytes()
        everything.update(content)
        files.append({
            "SPDXID": f"SPDXRef-File-{binary.name}",
            "fileName": f"./usr/bin/{binary.name}",
            "checksums": [{"algorithm": "SHA1", "checksumValue": hashlib.sha1(content).hexdigest()},
                          {"algorithm": "SHA256", "checksumValue": hashlib.sha256(content).hexdigest()}],
            "fileTypes": ["BINARY"],
            "licenseConcluded": "Apache-2.0",
            "licenseInfoInFiles": ["NOASSERTION"],
            "copyrightText": "NOASSERTION",
        })
        linked |= loaded_by(binary)
    libpq = re.search(r"libpq\.so\.5 .*=> (/\S+)", output("/sbin/ldconfig", "-p"))[1]
    linked.add(owner(libpq))
    by_libpq = loaded_by(libpq) - linked
    code = hashlib.sha1("".join(sorted(f["checksums"][0]["checksumValue"] for f in files)).encode())
    holdfast = {
        "SPDXID": "SPDXRef-Package-holdfast",
        "name": "holdfast",
        "versionInfo": version,
        "supplier": "Organization: The Holdfast authors",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": True,
        "packageVerificationCode": {"packageVerificationCodeValue": code.hexdigest()},
        "licenseConcluded": "Apache-2.0",
        "licenseDeclared": "Apache-2.0",
        "licenseInfoFromFiles": ["NOASSERTION"],
        "copyrightText": "2026 The Holdfast authors",
    }
    compiled_in = [name for name in COMPILED_IN if debian_package(name)]
    libraries = [debian_package(name) for name in sorted(linked)]
    brought = [debian_package(name) for name in sorted(by_libpq)]
    headers = [debian_package(name) for name in compiled_in]

    def relation(a, kind, b):
        return {"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b}

    me = holdfast["SPDXID"]
    relations = [relation("SPDXRef-DOCUMENT", "DESCRIBES", me)]
    relations += [relation(me, "CONTAINS", one["SPDXID"]) for one in files]
    relations += [relation(me, "DYNAMIC_LINK", one["SPDXID"]) for one in libraries]
    loader = debian_package(owner(libpq))["SPDXID"]
    relations += [relation(loader, "DYNAMIC_LINK", one["SPDXID"]) for one in brought]
    relations += [relation(me, "STATIC_LINK", one["SPDXID"]) for one in headers]
    at = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc)
    json.dump({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"holdfast-{version}",
        "documentNamespace": f"urn:holdfast:spdx:{version}:{everything.hexdigest()}",
        "creationInfo": {"created": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                         "creators": ["Tool: packaging/sbom.py"]},
        "packages": [holdfast, *libraries, *brought, *headers],
        "files": files,
        "relationships": relations,
    }, sys.stdout, indent=1)
    print()


main()
