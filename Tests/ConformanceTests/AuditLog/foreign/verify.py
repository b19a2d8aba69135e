"""Verifies an exported audit log with pymerkle, an implementation of RFC 9162's trees for Python.

    verify.py FOLDER [CHECKPOINT|PROOF]...

It has no signatures and no tiles: the entries alone are read, from their bundles. What is proved is that the root in
the checkpoint is theirs, that of each earlier checkpoint too, and that the server's proofs hold.
"""

import base64
import json
import random
import sys
from pathlib import Path

import pymerkle

WIDTH = 256


def head(text):
    """The size and the root that a checkpoint names."""
    _, size, root = text.split("\n\n", 1)[0].split("\n")
    return int(size), base64.b64decode(root, validate=True)


def bundle_path(number, width):
    """The path of a bundle: three digits for each element, and the width of one that is not full."""
    elements = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        elements.insert(0, f"x{number % 1000:03}")
    return "tile/entries/" + "/".join(elements) + ("" if width == WIDTH else f".p/{width}")


def read_entries(folder, size):
    for number in range((size + WIDTH - 1) // WIDTH):
        width = min(WIDTH, size - number * WIDTH)
        path = bundle_path(number, width)
        bundle = (folder / path).read_bytes()
        place = 0
        for _ in range(width):
            length = int.from_bytes(bundle[place : place + 2], "big")
            entry = bundle[place + 2 : place + 2 + length]
            if len(entry) != length:
                sys.exit(f"{path} is cut off")
            yield entry
            place += 2 + length
        if place != len(bundle):
            sys.exit(f"{path} goes on after its last entry")


def expect(condition, message):
    if not condition:
        sys.exit(message)


def main():
    folder = Path(sys.argv[1])
    size, root = head((folder / "checkpoint").read_text())
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for entry in read_entries(folder, size):
        tree.append_entry(entry)
    expect(tree.get_root() == root, "the root of the entries is not the one of the checkpoint")

    chosen = random.Random(1)
    places = [1, 2, 255, 256, 257, 65536, 65537, size] + [chosen.randint(1, size) for _ in range(50)]
    places = [place for place in places if place <= size]
    for place in places:
        proof = tree.prove_inclusion(place)
        pymerkle.verify_inclusion(tree.get_leaf(place), root, proof, index=place, size=size)
        proof = tree.prove_consistency(place)
        pymerkle.verify_consistency(tree.get_root(place), root, proof, prior_size=place, later_size=size)

    earlier = proofs = 0
    for path in sys.argv[2:]:
        first, rest = Path(path).read_text().split("\n\n", 1)
        lines = first.split("\n")
        if lines[0] == "c2sp.org/tlog-proof@v1":
            then, then_root = head(rest)
            expect(tree.get_root(then) == then_root, f"the first {then} entries have another root now")
            entry = base64.b64decode(lines[1].removeprefix("extra "), validate=True)
            place = int(lines[2].removeprefix("index ")) + 1
            leaf = tree.hash_buff(entry)
            expect(leaf == tree.get_leaf(place), f"the proof of entry {place - 1} has another entry")
            # The same hashes in the same order, after that of the leaf.
            own = tree.prove_inclusion(place, then)
            hashes = [base64.b64decode(line, validate=True) for line in lines[3:]]
            given = pymerkle.InclusionProof("sha256", True, then, place, own.rule, [leaf] + hashes)
            pymerkle.verify_inclusion(leaf, then_root, given, index=place, size=then)
            proofs += 1
        else:
            then, then_root = head(Path(path).read_text())
            expect(tree.get_root(then) == then_root, f"the first {then} entries have another root now")
            earlier += 1

    root_text = base64.b64encode(root).decode()
    counts = {"inclusions": len(places), "consistencies": len(places), "earlier": earlier, "proofs": proofs}
    print(json.dumps({"size": size, "root": root_text, **counts}))


main()
