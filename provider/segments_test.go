package provider_test

import (
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
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.joined, provider.JoinSegmentIDs(c.ids))
			assert.Equal(t, c.ids, provider.SegmentIDs(c.joined))
		})
	}
	assert.Empty(t, provider.JoinSegmentIDs([]string{"", ""}), "no ids at all")
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
