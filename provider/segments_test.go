package provider_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/provider"
)

func TestSegmentIDs(t *testing.T) {
	for name, c := range map[string]struct {
		ids    []string
		joined string
	}{
		"one":                {[]string{"a"}, "a"},
		"several":            {[]string{"a", "b", "c"}, "a,b,c"},
		"one has none":       {[]string{"a", "", "c"}, "a,,c"},
		"the first has none": {[]string{"", "b"}, ",b"},
		"with a comma":       {[]string{"a,b"}, `a\,b`},
		"several with marks": {[]string{"a,b", "c;d", `e\f`, `\`}, `a\,b,c\;d,e\\f,\\`},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.joined, provider.JoinSegmentIDs(c.ids))
			assert.Equal(t, c.ids, provider.SegmentIDs(c.joined))
			assert.Empty(t, provider.IDTag(c.joined))
			for _, tag := range []string{"Example", "+306900000001", "a,b;c", `\`} {
				tagged := provider.TagID(c.joined, tag)
				assert.Equal(t, c.ids, provider.SegmentIDs(tagged))
				assert.Equal(t, tag, provider.IDTag(tagged))
			}
			assert.Equal(t, c.joined, provider.TagID(c.joined, ""))
		})
	}
	assert.Empty(t, provider.TagID("", "Example"), "there is nothing to ask for")
	assert.Empty(t, provider.JoinSegmentIDs([]string{"", ""}), "no ids at all")
}

func FuzzSegmentIDs(f *testing.F) {
	f.Add("a", "b", "tag")
	f.Add("a,b", `\;`, `,\`)
	f.Fuzz(func(t *testing.T, a, b, tag string) {
		for _, ids := range [][]string{{a}, {a, b}, {a, "", b}} {
			joined := provider.JoinSegmentIDs(ids)
			if joined == "" {
				continue
			}
			tagged := provider.TagID(joined, tag)
			if got := provider.SegmentIDs(tagged); !slices.Equal(ids, got) {
				t.Fatalf("%q became %q by %q", ids, got, tagged)
			}
			if got := provider.IDTag(tagged); got != tag {
				t.Fatalf("tag %q became %q by %q", tag, got, tagged)
			}
		}
	})
}

func TestOfSegment(t *testing.T) {
	for _, c := range []struct {
		before, after provider.Status
		final         bool
	}{
		{provider.StatusDelivered, provider.StatusSent, false},
		{provider.StatusExpired, provider.StatusExpired, true},
	} {
		e := provider.Event{Kind: provider.Report, ID: "b", Status: c.before, Final: true, VendorCode: "7"}
		assert.Equal(t, provider.Event{
			Kind: provider.Report, ID: "a,b", Status: c.after, Final: c.final, VendorCode: "7",
			Segment: &provider.EventSegment{Ref: "a,b", Number: 2, Of: 2, Status: c.before},
		}, e.OfSegment("a,b", 2, 2))
		assert.Nil(t, e.Segment, "the event itself is unchanged")
	}
}
