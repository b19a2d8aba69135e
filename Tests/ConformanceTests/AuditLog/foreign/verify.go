// Verifies an exported audit log with Go's implementation of transparent logs (golang.org/x/mod/sumdb), which the
// checksum database of Go is made with.
//
//	verify FOLDER KEY [-since CHECKPOINT]... [-proof PROOF]...
//
// Its tiles have other names there: tile/H/L/N with the height H, which is always 8 in C2SP tlog-tiles and left out,
// and "data" where that says "entries". The contents of tiles of hashes are the same.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8
const width = 1 << height

// The heads of both are made the same way but for their first line.
type head struct {
	size int64
	root tlog.Hash
}

func main() {
	if len(os.Args) < 3 {
		fail("usage: verify FOLDER KEY [-since CHECKPOINT]... [-proof PROOF]...")
	}
	folder := os.Args[1]
	verifier, err := note.NewVerifier(strings.TrimSpace(os.Args[2]))
	check(err, "the key")
	checkpoint, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	check(err, "the checkpoint")
	present := open(checkpoint, verifier)

	entries := readEntries(folder, present.size)
	hashes := store(entries)
	stored := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			found[i] = hashes[index]
		}
		return found, nil
	})
	root, err := tlog.TreeHash(present.size, stored)
	check(err, "the root")
	if root != present.root {
		fail("the root of the entries is %v, the checkpoint says %v", root, present.root)
	}
	tiles := compareTiles(folder, present.size, stored)
	compareLines(folder, entries)

	// From the tiles alone, as a client that has no entries reads them.
	tree := tlog.Tree{N: present.size, Hash: present.root}
	read := tlog.TileHashReader(tree, tileFolder{folder})
	random := rand.New(rand.NewSource(1))
	inclusions := 0
	for _, index := range indexes(random, present.size) {
		proof, err := tlog.ProveRecord(present.size, index, read)
		check(err, "a proof of inclusion")
		check(tlog.CheckRecord(proof, present.size, present.root, index, tlog.RecordHash(entries[index])), "an inclusion")
		other := tlog.RecordHash(append([]byte("x"), entries[index]...))
		if tlog.CheckRecord(proof, present.size, present.root, index, other) == nil {
			fail("entry %d is proved to be another one", index)
		}
		inclusions++
	}
	consistencies := 0
	for _, index := range indexes(random, present.size) {
		older, err := tlog.TreeHash(index+1, stored)
		check(err, "an older root")
		proof, err := tlog.ProveTree(present.size, index+1, read)
		check(err, "a proof of consistency")
		check(tlog.CheckTree(proof, present.size, present.root, index+1, older), "a consistency")
		consistencies++
	}

	earlier, proofs := 0, 0
	for rest := os.Args[3:]; len(rest) > 1; rest = rest[2:] {
		text, err := os.ReadFile(rest[1])
		check(err, rest[1])
		switch rest[0] {
		case "-since":
			older := open(text, verifier)
			proof, err := tlog.ProveTree(present.size, older.size, read)
			check(err, "a proof of consistency")
			check(tlog.CheckTree(proof, present.size, present.root, older.size, older.root), rest[1])
			earlier++
		case "-proof":
			at := checkProof(text, verifier, entries)
			proof, err := tlog.ProveTree(present.size, at.size, read)
			check(err, "a proof of consistency")
			check(tlog.CheckTree(proof, present.size, present.root, at.size, at.root), rest[1])
			proofs++
		default:
			fail("unknown option %s", rest[0])
		}
	}
	answer, err := json.Marshal(map[string]interface{}{
		"size": present.size, "root": present.root.String(), "tiles": tiles, "inclusions": inclusions,
		"consistencies": consistencies, "earlier": earlier, "proofs": proofs,
	})
	check(err, "the answer")
	fmt.Println(string(answer))
}

// Checks the signature of a checkpoint and reads its lines.
func open(text []byte, verifier note.Verifier) head {
	opened, err := note.Open(text, note.VerifierList(verifier))
	check(err, "the signature of the checkpoint")
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		fail("the checkpoint does not have three lines")
	}
	if lines[0] != verifier.Name() {
		fail("the checkpoint is one of %q", lines[0])
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err, "the size")
	root, err := tlog.ParseHash(lines[2])
	check(err, "the root of the checkpoint")
	return head{size, root}
}

// The path of C2SP tlog-tiles for a tile of golang.org/x/mod.
func path(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
	return "tile/" + strings.Replace(path, "data/", "entries/", 1)
}

// Reads the entries out of their bundles: each has its length in two bytes before it.
func readEntries(folder string, size int64) [][]byte {
	var entries [][]byte
	for n := int64(0); n*width < size; n++ {
		tile := tlog.Tile{H: height, L: -1, N: n, W: min(width, size-n*width)}
		bundle, err := os.ReadFile(filepath.Join(folder, path(tile)))
		check(err, "a bundle")
		for i := 0; i < tile.W; i++ {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				fail("%s is cut off", path(tile))
			}
			length := int(binary.BigEndian.Uint16(bundle))
			entry := bundle[2 : 2+length]
			bundle = bundle[2+length:]
			var event struct {
				Index *int64 `json:"index"`
			}
			check(json.Unmarshal(entry, &event), "an entry")
			if event.Index == nil || *event.Index != int64(len(entries)) {
				fail("entry %d does not say that it is", len(entries))
			}
			entries = append(entries, entry)
		}
		if len(bundle) != 0 {
			fail("%s goes on after its last entry", path(tile))
		}
	}
	return entries
}

// All hashes of the tree, in the order in which golang.org/x/mod stores them.
func store(entries [][]byte) []tlog.Hash {
	var hashes []tlog.Hash
	stored := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			found[i] = hashes[index]
		}
		return found, nil
	})
	for n, entry := range entries {
		more, err := tlog.StoredHashes(int64(n), entry, stored)
		check(err, "the hashes of an entry")
		hashes = append(hashes, more...)
	}
	return hashes
}

// Compares every tile of every level with what the entries give, and answers how many there are.
func compareTiles(folder string, size int64, stored tlog.HashReader) int {
	tiles := 0
	for level := 0; size>>uint(level*height) > 0; level++ {
		hashes := size >> uint(level*height)
		for n := int64(0); n*width < hashes; n++ {
			tile := tlog.Tile{H: height, L: level, N: n, W: min(width, hashes-n*width)}
			want, err := tlog.ReadTileData(tile, stored)
			check(err, path(tile))
			found, err := os.ReadFile(filepath.Join(folder, path(tile)))
			check(err, "a tile")
			if !bytes.Equal(found, want) {
				fail("%s does not have the hashes of the entries", path(tile))
			}
			tiles++
		}
	}
	return tiles
}

// Compares the entries as they stand in lines for people with those of the log.
func compareLines(folder string, entries [][]byte) {
	lines, err := os.ReadFile(filepath.Join(folder, "events.jsonl"))
	check(err, "the lines")
	if !bytes.Equal(lines, append(bytes.Join(entries, []byte("\n")), '\n')) {
		fail("events.jsonl does not have the entries of the log")
	}
}

// Checks a proof as the server gives it (C2SP tlog-proof), with the entry in it as its extra data, and answers its head.
func checkProof(text []byte, verifier note.Verifier, entries [][]byte) head {
	parts := bytes.SplitN(text, []byte("\n\n"), 2)
	lines := strings.Split(string(parts[0]), "\n")
	if len(parts) != 2 || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		fail("a proof does not have its lines")
	}
	entry, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	check(err, "the entry of a proof")
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	check(err, "the index of a proof")
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		check(err, "a hash of a proof")
		proof = append(proof, hash)
	}
	at := open(parts[1], verifier)
	check(tlog.CheckRecord(proof, at.size, at.root, index, tlog.RecordHash(entry)), "a proof of the server")
	if !bytes.Equal(entry, entries[index]) {
		fail("the proof of entry %d has another entry", index)
	}
	return at
}

// Reads tiles of hashes for golang.org/x/mod.
type tileFolder struct{ folder string }

func (t tileFolder) Height() int { return height }

func (t tileFolder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for i, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(t.folder, path(tile)))
		if err != nil {
			return nil, err
		}
		found[i] = data
	}
	return found, nil
}

func (t tileFolder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

// Places in the log where a tree is easily got wrong, and some others.
func indexes(random *rand.Rand, size int64) []int64 {
	chosen := []int64{0, size - 1}
	for _, near := range []int64{width, width * width} {
		for _, index := range []int64{near - 1, near, near + 1} {
			if index < size {
				chosen = append(chosen, index)
			}
		}
	}
	for i := 0; i < 100; i++ {
		chosen = append(chosen, random.Int63n(size))
	}
	return chosen
}

func min(a, b int64) int {
	if a < b {
		return int(a)
	}
	return int(b)
}

func check(err error, what string) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

func fail(format string, values ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}
