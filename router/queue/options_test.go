package queue

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

func TestDefaultsOfLanes(t *testing.T) {
	q, err := New(new(ledger.Ledger), new(router.Router), Options{Lanes: map[provider.Class]Lane{
		provider.Transactional: {Workers: 3, GiveUpAfter: time.Hour},
	}})
	require.NoError(t, err)
	for class, want := range map[provider.Class]Lane{
		provider.OTP:           {Workers: 64, GiveUpAfter: 5 * time.Minute},
		provider.Transactional: {Workers: 3, GiveUpAfter: time.Hour},
		provider.Marketing:     {Workers: 64, GiveUpAfter: 72 * time.Hour},
	} {
		require.Contains(t, q.lanes, class)
		assert.Equal(t, want.Workers, q.lanes[class].settings.Workers, class)
		assert.Equal(t, want.GiveUpAfter, q.lanes[class].settings.GiveUpAfter, class)
	}
	assert.Equal(t, 24*time.Hour, defaultGiveUp(provider.Transactional))
	assert.Equal(t, 24*time.Hour, q.options.Keep)
}

func TestWrongOptions(t *testing.T) {
	l, r := new(ledger.Ledger), new(router.Router)
	lanes := func(class provider.Class, settings Lane) Options {
		return Options{Lanes: map[provider.Class]Lane{class: settings}}
	}
	for name, tt := range map[string]struct {
		ledger  *ledger.Ledger
		router  *router.Router
		options Options
		want    string
	}{
		"no ledger":          {nil, r, Options{}, "a ledger and a router are needed"},
		"no router":          {l, nil, Options{}, "a ledger and a router are needed"},
		"an unknown class":   {l, r, lanes("urgent", Lane{}), "urgent"},
		"negative workers":   {l, r, lanes(provider.OTP, Lane{Workers: -1}), "lane otp: negative"},
		"a negative give-up": {l, r, lanes(provider.Marketing, Lane{GiveUpAfter: -1}), "lane marketing: negative"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(tt.ledger, tt.router, tt.options)
			require.ErrorContains(t, err, tt.want)
		})
	}
}
