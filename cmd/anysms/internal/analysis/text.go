package analysis

import (
	"fmt"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/encoding/transliterate"
)

// Text is the analysis of one text.
type Text struct {
	Encoding        segment.Encoding `json:"encoding"`
	Locking         string           `json:"locking,omitempty"` // ISO 639-1 code of the locking shift table
	Single          string           `json:"single,omitempty"`  // of the single shift table
	Units           int              `json:"units"`
	Characters      int              `json:"characters"` // code points
	Segments        int              `json:"segments"`
	SegmentUnits    []int            `json:"segment_units"`
	UnitsPerSegment int              `json:"units_per_segment"` // the limit in force
	RemainingUnits  int              `json:"remaining_units"`   // in the last segment
	Sendable        bool             `json:"sendable"`
	Forcing         []Char           `json:"forcing"`
	Extension       []Char           `json:"extension"`
	Suggestion      *Suggestion      `json:"suggestion"`

	Violations []Violation `json:"violations,omitempty"`

	// Parts are the segments themselves.
	Parts []segment.Segment `json:"-"`
}

// Char is a character that forces UCS-2 or takes two units.
type Char struct {
	Rune    string `json:"rune"` // "U+2019"
	Char    string `json:"char"`
	Index   int    `json:"index"` // of its first occurrence, in code points from 0
	Count   int    `json:"count"`
	Suggest string `json:"suggest"` // what to write instead; "" = nothing
}

// Suggestion is the text rewritten to need fewer units.
type Suggestion struct {
	Text     string           `json:"text"`
	Encoding segment.Encoding `json:"encoding"`
	Segments int              `json:"segments"`
	Changes  []Change         `json:"changes"`
}

// Change is one replacement in a Suggestion.
type Change struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Index int    `json:"index"` // in the original text, in code points from 0
}

// OfText analyses one text. Suggestion is the text transliterated at level; with a
// nil level it is the lossless transliteration, if that changes the text. The error
// is a *segment.InvalidUTF8Error.
func OfText(text string, opts *segment.Options, level *transliterate.Level) (*Text, error) {
	var e segment.Explanation
	if err := segment.Explain(text, opts, &e); err != nil {
		return nil, err
	}
	t := &Text{
		Encoding:        e.Encoding,
		Locking:         e.Tables.Locking.Code(),
		Single:          e.Tables.Single.Code(),
		Units:           e.Units,
		Characters:      e.Characters,
		Segments:        e.Analysis.Segments,
		SegmentUnits:    make([]int, len(e.Segments)),
		UnitsPerSegment: e.UnitsPerSegment,
		RemainingUnits:  e.Remaining,
		Sendable:        e.Sendable(),
		Forcing:         chars(e.Forcing),
		Extension:       chars(e.Extension),
		Parts:           e.Segments,
	}
	for i, s := range e.Segments {
		t.SegmentUnits[i] = s.Units
	}
	var err error
	if level != nil {
		t.Suggestion, err = suggestion(text, opts, *level)
		return t, err
	}
	if t.Suggestion, err = suggestion(text, opts, transliterate.Lossless); len(t.Suggestion.Changes) == 0 {
		t.Suggestion = nil
	}
	return t, err
}

func suggestion(text string, opts *segment.Options, level transliterate.Level) (*Suggestion, error) {
	text, changes := transliterate.Apply(text, level)
	a, err := segment.Analyze(text, opts)
	s := &Suggestion{Text: text, Encoding: a.Encoding, Segments: a.Segments, Changes: make([]Change, len(changes))}
	for i, c := range changes {
		s.Changes[i] = Change{From: c.From, To: c.To, Index: c.Index}
	}
	return s, err
}

func chars(list []segment.Char) []Char {
	all := make([]Char, len(list))
	for i, c := range list {
		all[i] = Char{Rune: fmt.Sprintf("%U", c.Rune), Char: string(c.Rune), Index: c.Index, Count: c.Count, Suggest: c.Suggest}
	}
	return all
}
