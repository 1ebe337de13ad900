package analysis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/encoding/transliterate"
	"github.com/anysms/anysms/provider"
)

// Bounds on what is kept about a file's characters, so that memory does not grow
// with the file.
const (
	maxCharacters = 4096 // distinct forcing characters
	maxTogether   = 4    // distinct forcing characters of a text that an edit may replace
	maxEdits      = 4096
	listed        = 50 // characters in the result
	bestEdits     = 5  // edits in the result
)

// Character is a character that forces UCS-2.
type Character struct {
	Rune     string `json:"rune"` // "U+2019"
	Char     string `json:"char"`
	Messages int    `json:"messages"` // UCS-2 messages that contain it
	Alone    int    `json:"alone"`    // of those, messages that no other character forces into UCS-2
	Saves    int    `json:"saves"`    // segments that replacing it saves in the messages of Alone
	Suggest  string `json:"suggest"`  // what to write instead; "" = nothing
}

// Edit is a replacement of some characters in the whole file.
type Edit struct {
	From     []string `json:"from"`
	To       []string `json:"to"`
	Messages int      `json:"messages"` // that it changes
	Saves    int      `json:"saves"`    // segments

	Cost map[string]provider.Money `json:"cost,omitempty"` // what it saves at each provider
}

// edit is an Edit that is being counted.
type edit struct {
	from, to []string
	saving
}

// edits counts which characters force UCS-2 and what replacing them would save.
type edits struct {
	byRune map[rune]*Character
	byText map[string]*edit // by the characters to replace, in order of code points
	seen   []rune
}

func newEdits() *edits {
	return &edits{byRune: make(map[rune]*Character), byText: make(map[string]*edit)}
}

// add examines a message that is UCS-2, or would be without national tables.
func (e *edits) add(text string, segments int, opts *segment.Options, each []int64) {
	e.seen = e.seen[:0]
	for _, r := range text {
		if plain(r) || slices.Contains(e.seen, r) || inDefault(r) {
			continue
		}
		e.seen = append(e.seen, r)
	}
	for _, r := range e.seen {
		if c := e.character(r); c != nil {
			c.Messages++
		}
	}
	var alone *Character
	if len(e.seen) == 1 {
		alone = e.character(e.seen[0])
	}
	if alone != nil {
		alone.Alone++
	}
	if segments == 1 || len(e.seen) > maxTogether {
		return // no replacement can save a segment, or too many would be needed
	}
	rewritten, ok := rewrite(text)
	if !ok {
		return
	}
	a, err := segment.Analyze(rewritten, opts)
	if err != nil || a.Segments >= segments {
		return
	}
	if alone != nil {
		alone.Saves += segments - a.Segments
	}
	e.edit(segments-a.Segments, each)
}

// plain is a fast test for characters that ASCII and GSM-7 share.
func plain(r rune) bool { return r >= ' ' && r < 0x7f && r != '`' }

func inDefault(r rune) bool {
	locking, single := gsm7.Holders(r)
	return (locking | single).Has(gsm7.Default)
}

// rewrite replaces the characters that force UCS-2 by their suggestions; false if
// one of them has none.
func rewrite(text string) (string, bool) {
	var b strings.Builder
	for _, r := range text {
		if inDefault(r) {
			b.WriteRune(r)
			continue
		}
		to, level := transliterate.Suggest(r)
		if level == transliterate.Off {
			return "", false
		}
		b.WriteString(to)
	}
	return b.String(), true
}

func (e *edits) character(r rune) *Character {
	c := e.byRune[r]
	if c == nil && len(e.byRune) < maxCharacters {
		to, _ := transliterate.Suggest(r)
		c = &Character{Rune: fmt.Sprintf("%U", r), Char: string(r), Suggest: to}
		e.byRune[r] = c
	}
	return c
}

func (e *edits) edit(saved int, each []int64) {
	slices.Sort(e.seen)
	key := string(e.seen)
	found := e.byText[key]
	if found == nil {
		if len(e.byText) >= maxEdits {
			return
		}
		found = &edit{saving: saving{costs: make([]cost, len(each))}}
		for _, r := range e.seen {
			to, _ := transliterate.Suggest(r)
			found.from, found.to = append(found.from, string(r)), append(found.to, to)
		}
		e.byText[key] = found
	}
	found.add(saved, each)
}

func (e *edits) merge(o *edits) {
	for r, c := range o.byRune {
		if had := e.byRune[r]; had != nil {
			had.Messages += c.Messages
			had.Alone += c.Alone
			had.Saves += c.Saves
		} else if len(e.byRune) < maxCharacters {
			e.byRune[r] = c
		}
	}
	for key, theirs := range o.byText {
		if had := e.byText[key]; had != nil {
			had.saving.merge(theirs.saving)
		} else if len(e.byText) < maxEdits {
			e.byText[key] = theirs
		}
	}
}

// characters lists the characters, those whose replacement saves most first.
func (e *edits) characters() []Character {
	list := make([]Character, 0, len(e.byRune))
	for _, c := range e.byRune {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b Character) int {
		return cmp.Or(b.Saves-a.Saves, b.Messages-a.Messages, cmp.Compare(a.Rune, b.Rune))
	})
	return list[:min(len(list), listed)]
}

// bestEdits lists the edits that save most. An edit also saves what edits of a
// subset of its characters save.
func (t *tally) bestEdits() ([]Edit, error) {
	list := make([]edit, 0, len(t.edits.byText))
	for key, own := range t.edits.byText {
		sum := edit{from: own.from, to: own.to, saving: saving{costs: make([]cost, len(t.opts.Prices))}}
		for other, o := range t.edits.byText {
			if strings.Trim(other, key) == "" {
				sum.merge(o.saving)
			}
		}
		list = append(list, sum)
	}
	slices.SortFunc(list, func(a, b edit) int {
		return cmp.Or(b.segments-a.segments, len(a.from)-len(b.from), slices.Compare(a.from, b.from))
	})
	best := []Edit{}
	for _, found := range list[:min(len(list), bestEdits)] {
		cost, err := t.byProvider(found.costs)
		if err != nil {
			return nil, err
		}
		best = append(best, Edit{From: found.from, To: found.to, Messages: found.messages, Saves: found.segments, Cost: cost})
	}
	return best, nil
}
