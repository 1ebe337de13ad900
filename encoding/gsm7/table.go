package gsm7

// escape is the septet before a code of the single shift table.
const escape = 0x1B

// none marks a code without a character. U+0000 is in no table.
const none rune = 0

// table maps the 128 codes to their characters, or none.
type table [128]rune

// lockingTables and singleTables are indexed by Language. Spanish has no
// locking table (3GPP TS 23.038 §A.3.2); the default alphabet is used instead.
var (
	lockingTables = [languageCount]*table{
		Default:    &defaultAlphabet,
		Turkish:    &turkishLocking,
		Portuguese: &portugueseLocking,
		Bengali:    &bengaliLocking,
		Gujarati:   &gujaratiLocking,
		Hindi:      &hindiLocking,
		Kannada:    &kannadaLocking,
		Malayalam:  &malayalamLocking,
		Oriya:      &oriyaLocking,
		Punjabi:    &punjabiLocking,
		Tamil:      &tamilLocking,
		Telugu:     &teluguLocking,
		Urdu:       &urduLocking,
	}
	singleTables = [languageCount]*table{
		Default:    &defaultExtension,
		Turkish:    &turkishSingle,
		Spanish:    &spanishSingle,
		Portuguese: &portugueseSingle,
		Bengali:    &bengaliSingle,
		Gujarati:   &gujaratiSingle,
		Hindi:      &hindiSingle,
		Kannada:    &kannadaSingle,
		Malayalam:  &malayalamSingle,
		Oriya:      &oriyaSingle,
		Punjabi:    &punjabiSingle,
		Tamil:      &tamilSingle,
		Telugu:     &teluguSingle,
		Urdu:       &urduSingle,
	}
)

// Tables is the pair of tables that a text is encoded with: the locking shift
// table, whose characters take one septet, and the single shift table, whose
// characters take two. The zero value is the default alphabet with its extension
// table. A language without that table, or an unknown one, means the default table,
// as 3GPP TS 23.038 §6.2.1.2.4 requires of a receiver.
type Tables struct {
	Locking, Single Language
}

// Septets returns the number of septets for r: 1 or 2, or 0 if it is in neither table.
func (t Tables) Septets(r rune) int {
	if lockingIndex[t.locking()].find(r) != absent {
		return 1
	}
	if singleIndex[t.single()].find(r) != absent {
		return 2
	}
	return 0
}

// indexes returns the indexes of the two tables.
func (t Tables) indexes() (locking, single *index) {
	return &lockingIndex[t.locking()], &singleIndex[t.single()]
}

// locking returns the language whose locking table is used.
func (t Tables) locking() Language {
	if t.Locking.Valid() && lockingTables[t.Locking] != nil {
		return t.Locking
	}
	return Default
}

// single returns the language whose single shift table is used.
func (t Tables) single() Language {
	if t.Single.Valid() && singleTables[t.Single] != nil {
		return t.Single
	}
	return Default
}

// Holders returns the languages whose locking shift table has r, and those whose
// single shift table has r. The bit of Default means the default alphabet and its
// extension table, respectively.
func Holders(r rune) (locking, single Languages) {
	if uint32(r) >= indexedRunes {
		return 0, 0
	}
	h := holders.pages[holders.page[r>>7]][r&127]
	return h.locking, h.single
}

const (
	absent       = 0xFF   // the code of a character that is not in a table
	indexedRunes = 0x2280 // all characters of all tables are below
)

// index finds the code of a character: page maps a block of 128 characters to
// its codes. Page 0 is empty.
type index struct {
	page  [indexedRunes >> 7]uint8
	pages [][128]uint8
	latin bool // the code of every plain ASCII character is its ASCII code
}

func (x *index) find(r rune) uint8 {
	if uint32(r) >= indexedRunes {
		return absent
	}
	return x.pages[x.page[r>>7]][r&127]
}

var (
	lockingIndex = indexTables(&lockingTables)
	singleIndex  = indexTables(&singleTables)
	holders      = indexHolders()
)

func indexTables(tables *[languageCount]*table) (out [languageCount]index) {
	for l, t := range tables {
		if t != nil {
			out[l] = newIndex(t)
		}
	}
	return out
}

func newIndex(t *table) index {
	x := index{pages: [][128]uint8{emptyPage()}}
	for code, r := range t {
		if r == none {
			continue
		}
		p := &x.page[r>>7]
		if *p == 0 {
			*p = uint8(len(x.pages))
			x.pages = append(x.pages, emptyPage())
		}
		if c := &x.pages[*p][r&127]; *c == absent { // of several codes, the lowest
			*c = uint8(code)
		}
	}
	x.latin = true
	for c := range byte(128) {
		x.latin = x.latin && (!isPlain(c) || x.find(rune(c)) == c)
	}
	return x
}

func emptyPage() (p [128]uint8) {
	for i := range p {
		p[i] = absent
	}
	return p
}

type holder struct{ locking, single Languages }

type holderIndex struct {
	page  [indexedRunes >> 7]uint8
	pages [][128]holder
}

func indexHolders() holderIndex {
	x := holderIndex{pages: make([][128]holder, 1)}
	at := func(r rune) *holder {
		p := &x.page[r>>7]
		if *p == 0 {
			*p = uint8(len(x.pages))
			x.pages = append(x.pages, [128]holder{})
		}
		return &x.pages[*p][r&127]
	}
	for l := range languageCount {
		for _, r := range tableOf(&lockingTables, l) {
			if r != none {
				at(r).locking |= 1 << l
			}
		}
		for _, r := range tableOf(&singleTables, l) {
			if r != none {
				at(r).single |= 1 << l
			}
		}
	}
	return x
}

// tableOf returns the table of a language, or an empty one.
func tableOf(tables *[languageCount]*table, l Language) *table {
	if t := tables[l]; t != nil {
		return t
	}
	return &table{}
}
