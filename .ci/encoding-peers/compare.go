//go:build ignore

// Compare holds the segmentation of this module against two counters that are
// used in the field, npm's sms-segments-calculator and split-sms. It prints a
// table of the differences, each with the clause of the standard that explains
// it, and fails on one that no clause explains.
//
//	npm ci && go run compare.go [texts]
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"github.com/anysms/anysms/encoding/segment"
)

// answer is what a counter says of a text.
type answer struct {
	Encoding  string   `json:"encoding"`
	Units     []int    `json:"units"`     // of each segment
	Texts     []string `json:"texts"`     // of each segment, if the counter gives them
	Graphemes []int    `json:"graphemes"` // in UTF-16 units, if the counter makes them
}

// peer is a counter, the options with which ours answers the same question, and
// the reasons for which it may differ.
type peer struct {
	name    string
	answer  func(line) answer
	options segment.Options
	reasons []reason
}

type line struct {
	Calculator answer `json:"calculator"`
	Split      answer `json:"split"`
}

// reason explains a difference.
type reason struct {
	clause string
	holds  func(text string, ours, theirs answer) bool
}

var peers = []peer{
	{
		name:    "sms-segments-calculator 1.3.0",
		answer:  func(l line) answer { return l.Calculator },
		options: segment.Options{KeepGraphemes: true},
		reasons: []reason{
			{"TS 23.040 §9.2.3.24: a segment has 140 octets; a grapheme longer than that must be cut, it makes a longer segment", longGrapheme},
			{"UAX #29 of Unicode 15 (GB11, GB12): its grapheme borders are those of Unicode 10", otherGraphemes},
		},
	},
	{
		name:   "split-sms 0.1.7",
		answer: func(l line) answer { return l.Split },
	},
}

func longGrapheme(text string, _, theirs answer) bool {
	return theirs.Encoding == "ucs2" && slices.ContainsFunc(theirs.Graphemes, func(n int) bool { return n > 67 })
}

func otherGraphemes(text string, _, theirs answer) bool {
	var ours []int
	for g := uniseg.NewGraphemes(text); g.Next(); {
		ours = append(ours, len(utf16.Encode(g.Runes())))
	}
	return !slices.Equal(ours, theirs.Graphemes)
}

func main() {
	count := 3000
	if len(os.Args) > 1 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil {
			fail("usage: compare [number of random texts]")
		}
		count = n
	}
	texts := slices.Concat(cases(), everyCharacter(), random(count))
	lines, err := ask(texts)
	if err != nil {
		fail("%v", err)
	}
	unexplained := 0
	for _, p := range peers {
		unexplained += compare(p, texts, lines)
	}
	if unexplained > 0 {
		fail("%d differences without an explanation", unexplained)
	}
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

// ask runs the counters on the texts.
func ask(texts []string) ([]line, error) {
	input, err := json.Marshal(texts)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("node", "peers.js")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("node peers.js: %w", err)
	}
	var lines []line
	for scanner := json.NewDecoder(bufio.NewReader(bytes.NewReader(out))); scanner.More(); {
		var l line
		if err := scanner.Decode(&l); err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	if len(lines) != len(texts) {
		return nil, fmt.Errorf("%d answers to %d texts", len(lines), len(texts))
	}
	return lines, nil
}

// compare prints the table of a peer and returns the unexplained differences.
func compare(p peer, texts []string, lines []line) int {
	equal, unexplained := 0, 0
	explained := make([]int, len(p.reasons))
	for i, text := range texts {
		ours, theirs := analyse(text, p.options), p.answer(lines[i])
		if same(ours, theirs) {
			equal++
			continue
		}
		at := slices.IndexFunc(p.reasons, func(r reason) bool { return r.holds(text, ours, theirs) })
		if at >= 0 {
			explained[at]++
			continue
		}
		if unexplained++; unexplained <= 5 {
			fmt.Fprintf(os.Stderr, "%s: %.200q: ours %s %v, theirs %s %v\n", p.name, text, ours.Encoding, ours.Units, theirs.Encoding, theirs.Units)
		}
	}
	fmt.Printf("%s: %d texts, %d equal\n", p.name, len(texts), equal)
	for i, r := range p.reasons {
		fmt.Printf("%8d  %s\n", explained[i], r.clause)
	}
	return unexplained
}

func analyse(text string, opts segment.Options) answer {
	var e segment.Explanation
	if err := segment.Explain(text, &opts, &e); err != nil {
		fail("%q: %v", text, err)
	}
	a := answer{Encoding: e.Encoding.String()}
	for _, s := range e.Segments {
		a.Units = append(a.Units, s.Units)
		a.Texts = append(a.Texts, s.Text)
	}
	return a
}

func same(ours, theirs answer) bool {
	return ours.Encoding == theirs.Encoding && slices.Equal(ours.Units, theirs.Units) &&
		(theirs.Texts == nil || slices.Equal(ours.Texts, theirs.Texts))
}

// cases are the borders where counters go wrong.
func cases() []string {
	rep := strings.Repeat
	return []string{
		"", "a", rep("a", 153), rep("a", 154), rep("a", 160), rep("a", 161), rep("a", 306), rep("a", 307),
		rep("a", 152) + "€" + rep("a", 152), rep("a", 151) + "€" + rep("a", 153), rep("[", 80), rep("[", 81), rep("[", 153),
		rep("я", 70), rep("я", 71), rep("я", 134), rep("я", 135), rep("😀", 35), rep("😀", 36), rep("😀", 66), rep("😀", 67),
		rep("я", 66) + "😀" + rep("я", 133), "a\r\nb", rep("a", 152) + "\r\n" + rep("b", 20), "Ça va", "garçon", "e\u0301",
		rep("a", 66) + "👩‍👩‍👧‍👦" + rep("я", 50), rep("🇬🇷", 40), "я" + rep("\u0301", 90),
	}
}

// everyCharacter is each character alone, to compare the alphabets.
func everyCharacter() (texts []string) {
	for r := rune(0); r < 0x10000; r++ {
		if utf8.ValidRune(r) {
			texts = append(texts, string(r))
		}
	}
	return texts
}

// random makes texts of letters, extension characters, emoji and clusters.
func random(count int) (texts []string) {
	rng := rand.New(rand.NewPCG(11, 38))
	pieces := [][]string{
		{"a", "b", "c", "d", " ", "e", "f", "g"},
		{"{", "}", "€", "[", "a", "b", "\n", "\r\n", "é", "Δ"},
		{"ж", "я", "α", " ", "a", "’"},
		{"😀", "👩‍👩‍👧‍👦", "🇬🇷", "👍🏽", "1️⃣", "e\u0301", "☎️", "한", "ก็", "x"},
		{"`", "\t", "\x00", "\u00a0", "ç", "x"},
	}
	for range count {
		main, spice := pieces[rng.IntN(len(pieces))], pieces[rng.IntN(len(pieces))]
		every := 1 + rng.IntN(300)
		var b strings.Builder
		for range rng.IntN(500) {
			from := main
			if rng.IntN(every) == 0 {
				from = spice
			}
			b.WriteString(from[rng.IntN(len(from))])
		}
		texts = append(texts, b.String())
	}
	return texts
}
