package segment_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/segment"
)

func ExampleAnalyze() {
	for _, text := range []string{"Your code is 4711", "Your code is 4711 ✓", "5 € [net]"} {
		a, err := segment.Analyze(text, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(a.Encoding, a.Units, "units,", a.Segments, "segment,", a.Remaining, "left")
	}
	// Output:
	// gsm7 17 units, 1 segment, 143 left
	// ucs2 19 units, 1 segment, 51 left
	// gsm7 12 units, 1 segment, 148 left
}

func ExampleAnalyze_languages() {
	text := strings.Repeat("Sayın müşterimiz, siparişiniz yola çıktı. ", 3)
	plain, _ := segment.Analyze(text, nil)
	turkish := gsm7.NewLanguages(gsm7.Turkish)
	national, _ := segment.Analyze(text, &segment.Options{Single: turkish, Locking: turkish})
	fmt.Println(plain.Encoding, plain.Segments)
	fmt.Println(national.Encoding, national.Segments, national.Tables.Locking)
	// Output:
	// ucs2 2
	// gsm7 1 turkish
}

func ExampleExplain() {
	var e segment.Explanation // can be used again
	if err := segment.Explain("It’s ready – 5 €", nil, &e); err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range e.Forcing {
		fmt.Printf("%U at %d: write %q\n", c.Rune, c.Index, c.Suggest)
	}
	// Output:
	// U+2019 at 2: write "'"
	// U+2013 at 11: write "-"
}

func ExampleSplit() {
	text := strings.Repeat("a", 152) + "€ and more"
	segments, err := segment.Split(nil, text, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range segments {
		userData, _ := s.AppendUserData(nil, 0x2A)
		fmt.Printf("%d/%d: %d units, %d octets, ends: %s\n", s.Number, s.Total, s.Units, len(userData), s.End)
	}
	// Output:
	// 1/2: 152 units, 140 octets, ends: escape
	// 2/2: 11 units, 16 octets, ends: end
}

func ExampleCheapest() {
	advice, err := segment.Cheapest("Dear customer, your parcel will arrive tomorrow – please don’t forget your code.", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(advice[0].Level, "saves", advice[0].Saved)
	fmt.Println(advice[0].Text)
	// Output:
	// lossless saves 1
	// Dear customer, your parcel will arrive tomorrow - please don't forget your code.
}

func ExampleJoiner() {
	var joiner segment.Joiner
	segments, _ := segment.Split(nil, strings.Repeat("long text ", 20), nil)
	for _, s := range slices.Backward(segments) { // the last one comes first
		userData, _ := s.AppendUserData(nil, 7)
		part, err := segment.ParseSegment(userData, s.UserDataLength(), s.DataCoding(), s.HasHeader())
		if err != nil {
			fmt.Println(err)
			return
		}
		m, complete, err := joiner.Add("+15550100", part, benchTime)
		fmt.Println(complete, len(m.Text), err)
	}
	// Output:
	// false 0 <nil>
	// true 200 <nil>
}
