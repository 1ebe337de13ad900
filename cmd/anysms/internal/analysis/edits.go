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

// Bounds of what is remembered of a file's characters, so that memory does not
// depend on the file.
const (
	maxCharacters = 4096 // distinct forcing characters
	maxTogether   = 4    // distinct forcing characters of a text that an edit may replace
	maxEdits      = 4096
	listed        = 50 // characters in the answer
	bestEdits     = 5  // edits in the answer
)

// Character is one that forces UCS-2.
type Character struct {
	Rune     string `json:"rune"` // "U+2019"
	Char     string `json:"char"`
	Messages int    `json:"messages"` // that hold it and are UCS-2
	Alone    int    `json:"alone"`    // of those, the ones that no other character forces
	Saves    int    `json:"saves"`    // segments that replacing it would save where it is alone
	Suggest  string `json:"suggest"`  // what to write instead; "" = nothing
}

// Edit is a replacement of some characters all over the file.
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

// add looks at a message that is UCS-2, or would be without national tables.
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
		return // no replacement makes it shorter, or too many would be needed
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

// plain is a quick yes for the characters that ASCII and GSM-7 share.
func plain(r rune) bool { return r >= ' ' && r < 0x7f && r != '`' }

func inDefault(r rune) bool {
	locking, single := gsm7.Holders(r)
	return (locking | single).Has(gsm7.Default)
}

// rewrite replaces what forces UCS-2 by the mildest suggestion; false if one
// character has none.
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

// characters lists the dearest first.
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

// best lists the edits that save most. An edit also saves what the edits of
// fewer of its characters save.
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
