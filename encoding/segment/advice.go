package segment

import "github.com/anysms/anysms/encoding/transliterate"

// Advice is the rewrite of a text at one level.
type Advice struct {
	Level    transliterate.Level
	Text     string                 // the rewritten text, or the original if the level saves nothing
	Changes  []transliterate.Change // empty if Text is the original
	Analysis Analysis               // of Text
	Saved    int                    // segments saved; never negative
}

// Cheapest returns the rewrite of text at each level from Lossless on, the mildest
// first. A rewrite that saves no segment is not made. The error is an
// *InvalidUTF8Error.
func Cheapest(text string, opts *Options) ([]Advice, error) {
	before, err := Analyze(text, opts)
	if err != nil {
		return nil, err
	}
	var all []Advice
	for level := transliterate.Lossless; level <= transliterate.Full; level++ {
		a := Advice{Level: level, Text: text, Analysis: before}
		if before.Segments > 1 {
			a.rewrite(opts)
		}
		all = append(all, a)
	}
	return all, nil
}

// rewrite applies the level if that saves a segment.
func (a *Advice) rewrite(opts *Options) {
	text, changes := transliterate.Apply(a.Text, a.Level)
	after, err := Analyze(text, opts)
	if err != nil || after.Segments >= a.Analysis.Segments {
		return
	}
	a.Saved = a.Analysis.Segments - after.Segments
	a.Text, a.Changes, a.Analysis = text, changes, after
}
