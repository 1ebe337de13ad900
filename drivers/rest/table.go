package rest

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
)

// table says what a vendor's codes or status words mean. Documented is the
// vendor's own list of them, so that one without a row is noticed; LeftOut says
// why a documented one has no row.
type table[R row] struct {
	From       string // the source of the rows that name none
	Documented []string
	LeftOut    map[string]string
	keys       []string // of the rows, in the order of the file
	rows       map[string]R
	at         request.Position
}

// row is what one code means. Its key is in the table.
type row interface {
	codeRow | statusRow
	words() wordsOfVendor
}

// wordsOfVendor are the vendor's own words for a code, and the source that has
// them.
type wordsOfVendor struct {
	Says string `yaml:"says"`
	From string `yaml:"from"` // "" = the table's source
	at   request.Position
}

func (w wordsOfVendor) words() wordsOfVendor { return w }

// codeRow is what an error code or a report code means.
type codeRow struct {
	Is code `yaml:"is"`
	// HTTP is the status with which the vendor documents an error code; it is
	// not compared. 0 = not documented.
	HTTP int `yaml:"http"`
	// Status and Final are what a report with this code means for the message,
	// whatever the report's status is. Only for report codes.
	Status        status `yaml:"status"`
	Final         *bool  `yaml:"final"`
	wordsOfVendor `yaml:",inline"`
}

// UnmarshalYAML reads "no_route" or {is: no_route, says: …}.
func (r *codeRow) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&r.Is)
	}
	type plain codeRow
	r.at = request.At(n)
	return n.Decode((*plain)(r))
}

// statusRow is what a status word means.
type statusRow struct {
	Is            status `yaml:"is"`
	Final         *bool  `yaml:"final"`
	Code          code   `yaml:"code"`
	wordsOfVendor `yaml:",inline"`
}

// UnmarshalYAML reads "delivered" or {is: undelivered, code: no_route}.
func (r *statusRow) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&r.Is)
	}
	type plain statusRow
	r.at = request.At(n)
	return n.Decode((*plain)(r))
}

// tableFile is a table in a recipe file.
type tableFile struct {
	From       string    `yaml:"from"`
	Documented []word    `yaml:"documented"`
	Rows       yaml.Node `yaml:"rows"`
	LeftOut    yaml.Node `yaml:"left_out"`
}

// UnmarshalYAML reads the table. Keys are compared case-insensitively, as
// vendors are not consistent in it.
func (t *table[R]) UnmarshalYAML(n *yaml.Node) error {
	var f tableFile
	if err := n.Decode(&f); err != nil {
		return err
	}
	*t = table[R]{From: f.From, LeftOut: make(map[string]string), rows: make(map[string]R), at: request.At(n)}
	for i := 0; i+1 < len(f.Rows.Content); i += 2 {
		key := f.Rows.Content[i]
		if _, twice := t.row(key.Value); twice {
			return request.FaultAt(key, "duplicate row %q (case does not matter)", key.Value)
		}
		var r R
		if err := f.Rows.Content[i+1].Decode(&r); err != nil {
			return err
		}
		t.keys = append(t.keys, key.Value)
		t.rows[strings.ToLower(key.Value)] = r
	}
	for i := 0; i+1 < len(f.LeftOut.Content); i += 2 {
		key := f.LeftOut.Content[i]
		if _, also := t.row(key.Value); also {
			return request.FaultAt(key, "%q has a row and is left out", key.Value)
		}
		t.LeftOut[strings.ToLower(key.Value)] = f.LeftOut.Content[i+1].Value
	}
	for _, w := range f.Documented {
		t.Documented = append(t.Documented, string(w))
	}
	return nil
}

// row returns the row of a code.
func (t *table[R]) row(key string) (R, bool) {
	r, ok := t.rows[strings.ToLower(key)]
	return r, ok
}

// source is where the words of a row stand.
func (t *table[R]) source(r R) string {
	if from := r.words().From; from != "" {
		return from
	}
	return t.From
}

// says returns the vendor's words for a code. A code that is a word says it
// itself.
func (t *table[R]) says(key string) string {
	r, ok := t.row(key)
	switch {
	case ok && r.words().Says != "":
		return r.words().Says
	case isWord(key):
		return key
	}
	return ""
}

// isWord reports whether a code consists of words: it begins with a letter and
// has at least three.
func isWord(code string) bool {
	letters := 0
	for i, r := range code {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if i == 0 && !letter {
			return false
		}
		if letter {
			letters++
		}
	}
	return letters >= 3
}

// gaps lists what is wrong between the table and the vendor's list. Nothing is
// expected of a table without one.
func (t *table[R]) gaps(name string) []Gap {
	if len(t.Documented) == 0 {
		return nil
	}
	var all []Gap
	known := make(map[string]bool, len(t.Documented))
	for _, key := range t.Documented {
		known[strings.ToLower(key)] = true
		_, mapped := t.row(key)
		_, left := t.LeftOut[strings.ToLower(key)]
		if !mapped && !left {
			all = append(all, Gap{name, key, "is documented and has no row; add one, or say under left_out why not"})
		}
	}
	for _, key := range t.keys {
		r, _ := t.row(key)
		if !known[strings.ToLower(key)] && r.words().From == "" {
			all = append(all, Gap{name, key, "is not in documented; add it there, or say in its row from which source it is"})
		}
		if t.says(key) == "" {
			all = append(all, Gap{name, key, "needs says, the vendor's own words"})
		}
	}
	return all
}

// Gap is a place where a recipe's tables and the vendor's documents differ.
type Gap struct {
	Table string // "errors.codes"
	Code  string // the vendor's
	Fault string
}

// String is one line about the gap.
func (g Gap) String() string { return g.Table + ": " + g.Code + " " + g.Fault }

// Gaps compares each table that states the vendor's own list (documented) with
// that list. None means that every documented code has a row, or a reason why it
// has none.
func (r *Recipe) Gaps() []Gap {
	var all []Gap
	for _, t := range r.api.codeTables() {
		all = append(all, t.table.gaps(t.name)...)
	}
	return append(all, r.api.Statuses.gaps("statuses")...)
}

// Undocumented names the tables that do not state the vendor's own list, for
// which Gaps cannot say anything.
func (r *Recipe) Undocumented() []string {
	var all []string
	for _, t := range r.api.codeTables() {
		if len(t.table.rows) > 0 && len(t.table.Documented) == 0 {
			all = append(all, t.name)
		}
	}
	if s := &r.api.Statuses; len(s.rows) > 0 && len(s.Documented) == 0 {
		all = append(all, "statuses")
	}
	return all
}

// namedTable is a table of codes and its place in the recipe.
type namedTable struct {
	name  string
	table *table[codeRow]
}

// codeTables lists the recipe's tables of codes. One that is used in several
// places is listed once.
func (r *api) codeTables() []namedTable {
	var all []namedTable
	for _, e := range r.errorTables() {
		t := &e.table.Codes
		if slices.ContainsFunc(all, func(n namedTable) bool { return n.table.at == t.at }) {
			continue
		}
		all = append(all, namedTable{e.name + ".codes", t})
	}
	return append(all, namedTable{"report_codes", &r.ReportCodes})
}

// isFinal is what the row says, else whether vendors usually change the status
// again.
func isFinal(s provider.Status, said *bool) bool {
	if said != nil {
		return *said
	}
	return slices.Contains([]provider.Status{
		provider.StatusDelivered, provider.StatusUndelivered, provider.StatusExpired, provider.StatusRejected, provider.StatusCancelled,
	}, s)
}
