// Package xlsx reads the worksheets of XLSX workbooks, row by row: each cell's value
// as it is stored, and as the sheet shows it. A workbook that is damaged or cut off
// is an error, never a shorter sheet.
package xlsx

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider/suggest"
)

// Workbook is an open workbook. It is not safe for concurrent use.
type Workbook struct {
	archive *zip.Reader
	sheets  []sheetInfo
	strings []string
	styles  styles
	shown   *formatter
}

// sheetInfo is a worksheet of the workbook.
type sheetInfo struct {
	name   string
	part   string // its path in the archive
	size   int64  // of the part, as stored
	hidden bool
}

// Open reads what all worksheets share.
func Open(r io.ReaderAt, size int64) (*Workbook, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("a damaged or incomplete ZIP archive: %w", err)
	}
	b := &Workbook{archive: archive}
	main, err := b.mainPart()
	if err != nil {
		return nil, err
	}
	var book workbookXML
	if err := b.decode(main, &book); err != nil {
		return nil, err
	}
	related, err := b.relations(main)
	if err != nil {
		return nil, err
	}
	for _, s := range book.Sheets {
		if target := related[s.ID]; target.kind == "worksheet" {
			info := sheetInfo{name: s.Name, part: target.part, hidden: s.State != "" && s.State != "visible"}
			if f := b.find(target.part); f != nil {
				info.size = int64(f.CompressedSize64)
			}
			b.sheets = append(b.sheets, info)
		}
	}
	for _, target := range related {
		switch target.kind {
		case "sharedStrings":
			b.strings, err = b.readStrings(target.part)
		case "styles":
			b.styles, err = b.readStyles(target.part)
		}
		if err != nil {
			return nil, err
		}
	}
	b.shown = newFormatter(bool(book.Properties.Date1904))
	return b, nil
}

type workbookXML struct {
	Properties struct {
		Date1904 boolean `xml:"date1904,attr"`
	} `xml:"workbookPr"`
	Sheets []struct {
		Name  string `xml:"name,attr"`
		ID    string `xml:"id,attr"` // r:id
		State string `xml:"state,attr"`
	} `xml:"sheets>sheet"`
}

// boolean is an xsd:boolean.
type boolean bool

func (b *boolean) UnmarshalXMLAttr(attr xml.Attr) error {
	*b = attr.Value == "1" || attr.Value == "true"
	return nil
}

// relation is a part that another one refers to.
type relation struct{ kind, part string }

type relationsXML struct {
	List []struct {
		ID     string `xml:"Id,attr"`
		Type   string `xml:"Type,attr"`
		Target string `xml:"Target,attr"`
	} `xml:"Relationship"`
}

// relations returns what a part refers to, by id. The part "" is the archive itself.
func (b *Workbook) relations(part string) (map[string]relation, error) {
	dir, file := path.Split(part)
	var read relationsXML
	if err := b.decode(dir+"_rels/"+file+".rels", &read); err != nil {
		return nil, err
	}
	all := make(map[string]relation, len(read.List))
	for _, r := range read.List {
		target := path.Join(dir, r.Target)
		if absolute, ok := strings.CutPrefix(r.Target, "/"); ok {
			target = absolute
		}
		all[r.ID] = relation{kind: path.Base(r.Type), part: target}
	}
	return all, nil
}

var errNotWorkbook = errors.New("a ZIP archive, but not an XLSX workbook; unpack it, or save the table as XLSX or CSV")

// mainPart finds the part with the list of the sheets.
func (b *Workbook) mainPart() (string, error) {
	related, err := b.relations("")
	if err != nil {
		return "", errNotWorkbook
	}
	for _, r := range related {
		switch {
		case r.kind != "officeDocument":
		case strings.HasSuffix(r.part, "workbook.xml"):
			return r.part, nil
		case strings.HasSuffix(r.part, "workbook.bin"):
			return "", errors.New("a binary workbook (XLSB); save it as XLSX or CSV")
		}
	}
	return "", errNotWorkbook
}

// find returns a part, nil if there is none.
func (b *Workbook) find(part string) *zip.File {
	at := slices.IndexFunc(b.archive.File, func(f *zip.File) bool { return strings.EqualFold(f.Name, part) })
	if at < 0 {
		return nil
	}
	return b.archive.File[at]
}

// open opens a part. Reading it checks that it is complete.
func (b *Workbook) open(part string) (io.ReadCloser, error) {
	f := b.find(part)
	if f == nil {
		return nil, fmt.Errorf("the workbook has no %s", part)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", part, err)
	}
	return r, nil
}

// decode reads a small part as a whole.
func (b *Workbook) decode(part string, into any) error {
	r, err := b.open(part)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := xml.NewDecoder(io.LimitReader(r, maxPart)).Decode(into); err != nil {
		return fmt.Errorf("%s: %w", part, err)
	}
	return nil
}

// maxPart bounds, in bytes, what is read into memory.
const maxPart = 1 << 30

// choose finds a worksheet by its name. "" is the only one with data that is not
// hidden.
func (b *Workbook) choose(name string) (sheetInfo, error) {
	var all, candidates []string
	var chosen sheetInfo
	for _, s := range b.sheets {
		if name != "" && s.name == name {
			return s, nil
		}
		all = append(all, fmt.Sprintf("%q", s.name))
		if name != "" || s.hidden {
			continue
		}
		blank, err := b.blank(s)
		if err != nil {
			return chosen, err
		}
		if !blank {
			chosen = s
			candidates = append(candidates, fmt.Sprintf("%q", s.name))
		}
	}
	switch {
	case name != "":
		var names []string
		for _, s := range b.sheets {
			names = append(names, s.name)
		}
		return chosen, fmt.Errorf("no worksheet %q%s; want one of %s", name, suggest.DidYouMean(name, names), strings.Join(all, ", "))
	case len(candidates) == 0:
		return chosen, errors.New("the workbook has no worksheet with data that is not hidden")
	case len(candidates) > 1:
		return chosen, fmt.Errorf("the workbook has several worksheets with data; choose one with --sheet: %s", strings.Join(candidates, ", "))
	}
	return chosen, nil
}

// blank reports whether a worksheet has no data.
func (b *Workbook) blank(info sheetInfo) (bool, error) {
	s, err := b.read(info)
	if err != nil {
		return false, err
	}
	defer s.Close()
	_, err = s.next()
	if errors.Is(err, io.EOF) {
		return true, nil
	}
	return false, err
}
