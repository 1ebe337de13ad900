// Package analysis counts what sending the messages of a file, or one text, takes:
// segments by encoding and country, costs, and what would make it cheaper. It reads
// files of any size in bounded memory.
package analysis

import (
	"io"
	"slices"

	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/rates"
)

// Options says what a file holds, how its texts are encoded, and what is wanted
// to be known.
type Options struct {
	Name    string        // the file's, for errors and to tell its format
	Format  *table.Format // nil = told from the name and the header
	Segment *segment.Options

	TextColumn string // the texts, unless Template makes them
	Template   *Template
	ToColumn   string // "" = numbers are not judged, and countries and prices not known
	// Number judges what stands in ToColumn; a problem is why it cannot be sent
	// to. It is called by several goroutines.
	Number        func(raw string) (n e164.Number, country, problem string)
	NetworkColumn string // MCCMNC, for prices by network; "" = not known
	Prices        []Price

	Worst      int  // keep so many of the longest messages, text and all
	First      int  // keep so many of the first messages, to ask vendors about
	Characters bool // find the characters and edits that cost most
	Levels     bool // find what each level of transliteration would save
	Duplicates bool // find rows with the same number and text; takes disk
	Annotate   io.Writer

	Workers int // 0 = one per processor
	// Progress, if set, is called now and then with the rows read so far.
	Progress func(rows int)
}

// Price is one provider's prices, and the longest message that it carries.
type Price struct {
	Provider      string
	Book          *rates.Book
	MaxSegments   int // 0 = any
	MaxCharacters int // 0 = any
}

// carries reports whether the provider can take a message at all.
func (p *Price) carries(a *segment.Analysis) bool {
	return (p.MaxSegments == 0 || a.Segments <= p.MaxSegments) && (p.MaxCharacters == 0 || a.Characters <= p.MaxCharacters)
}

// columns lists the columns that are read, without repeats: the text's or the
// template's, then the others.
func (o *Options) columns() []string {
	names := []string{o.TextColumn}
	if o.Template != nil {
		names = o.Template.variables
	}
	for _, name := range []string{o.ToColumn, o.NetworkColumn} {
		if name != "" {
			names = append(names, name)
		}
	}
	var unique []string
	for _, name := range names {
		if !slices.Contains(unique, name) {
			unique = append(unique, name)
		}
	}
	return unique
}
