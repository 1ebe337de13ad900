package apikey_test

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/apikey"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/provider"
)

func TestFind(t *testing.T) {
	shop, sum := apikey.New()
	other, _ := apikey.New()
	require.NotEqual(t, shop, other)
	set := apikey.NewSet(&settings.Serve{Keys: []settings.Key{
		{Name: "shop", KeySHA256: sum, Scopes: []string{"send"}, Classes: []provider.Class{provider.OTP}},
		{Name: "ops", Key: "0123456789abcdef0123456789abcdef", Scopes: []string{"admin"}},
	}}, nil)
	assert.Nil(t, set.Find(other))
	assert.Nil(t, set.Find(""))
	assert.Nil(t, set.Find(sum), "the hash is no key")

	c := set.Find(shop)
	require.NotNil(t, c)
	assert.Equal(t, "shop", c.Name)
	assert.True(t, c.Has(settings.ScopeSend))
	assert.False(t, c.Has(settings.ScopeRead))
	assert.True(t, c.MaySend(provider.OTP))
	assert.False(t, c.MaySend(""))
	assert.True(t, c.Sees("shop"))
	assert.False(t, c.Sees(""))

	ops := set.Find("0123456789abcdef0123456789abcdef")
	require.NotNil(t, ops)
	assert.True(t, ops.Has(settings.ScopeOptOuts))
	assert.False(t, ops.Has(settings.ScopeAll), "admin is not all")
	assert.False(t, ops.Sees("shop"))
	assert.True(t, ops.MaySend(provider.Marketing))
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conf := &settings.Serve{Keys: []settings.Key{{Name: "shop", Key: "0123456789abcdef0123456789abcdef", Scopes: []string{"send"}, RateLimit: 10}}}
		set := apikey.NewSet(conf, nil)
		c := set.Find(conf.Keys[0].Key.Reveal())
		_, ok := c.Take(25)
		assert.True(t, ok, "a batch may overdraw once")
		wait, ok := c.Take(1)
		assert.False(t, ok)
		assert.Equal(t, 1600*time.Millisecond, wait)

		set = apikey.NewSet(conf, set)
		_, ok = set.Find(conf.Keys[0].Key.Reveal()).Take(1)
		assert.False(t, ok, "a reload returns nothing")
		time.Sleep(wait)
		_, ok = set.Find(conf.Keys[0].Key.Reveal()).Take(1)
		assert.True(t, ok)
	})
}

func TestFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f apikey.Failures
		evil, good := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
		allowed := 0
		for range 1000 {
			if _, ok := f.Allow(evil); ok {
				allowed++
			}
		}
		assert.Equal(t, 5, allowed)
		_, ok := f.Allow(good)
		assert.True(t, ok)

		for i := range 10 { // one /64
			f.Allow(netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", i+1)))
		}
		wait, ok := f.Allow(netip.MustParseAddr("2001:db8::99"))
		assert.False(t, ok)
		assert.Equal(t, 200*time.Millisecond, wait)
	})
}
