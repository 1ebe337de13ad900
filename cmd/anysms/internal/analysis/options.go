// Package analysis counts what it takes to send the messages of a file, or one
// text: segments by encoding and country, costs, and changes that would save
// segments. It reads files of any size in bounded memory.
package analysis

import (
	"io"

	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/rates"
)

// Options describes a file's columns, how its texts are encoded, and what to find
// out.
type Options struct {
	Name    string // of the file, for errors
	Segment *segment.Options

	TextColumn string // the texts, unless Template makes them
	Template   *table.Template
	ToColumn   string // "" = numbers are not validated, and countries and prices are not known
	// Number parses and validates a value of ToColumn; problem is why nothing can
	// be sent to it, "" if it is valid. It must be safe for concurrent use.
	Number        func(raw string) (n e164.Number, country, problem string)
	NetworkColumn string // MCCMNC, for prices by network; "" = not known
	Prices        []Price

	Worst      int       // keep this many of the longest messages, with their texts
	First      int       // keep this many of the first messages, to ask vendors about
	Characters bool      // find the characters that cost most, and the edits that save most
	Levels     bool      // find what each level of transliteration would save
	Duplicates bool      // find rows with the same number and text; uses temporary files
	Annotate   io.Writer // a copy of the rows with added columns; nil = none
	Mark       bool      // the copy starts with a byte order mark

	Workers int // 0 = one per processor
	// Progress, if set, is called from time to time with the rows read so far.
	Progress func(rows int)
}

// Price is the prices of one provider, and the longest message that it accepts.
type Price struct {
	Provider      string
	Book          *rates.Book
	MaxSegments   int // 0 = any
	MaxCharacters int // 0 = any
}

// carries reports whether the message is short enough for the provider.
func (p *Price) carries(a *segment.Analysis) bool {
	return (p.MaxSegments == 0 || a.Segments <= p.MaxSegments) && (p.MaxCharacters == 0 || a.Characters <= p.MaxCharacters)
}
