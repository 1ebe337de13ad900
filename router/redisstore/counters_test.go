package redisstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/guard"
	"github.com/anysms/anysms/router/guard/countertest"
	"github.com/anysms/anysms/router/redisstore"
)

func counters(t *testing.T, s server) *redisstore.Counters {
	t.Helper()
	return redisstore.NewCounters(s.client, &redisstore.Options{
		Prefix: fmt.Sprintf("test:%s:%d:", t.Name(), time.Now().UnixNano()), Key: []byte("0123456789abcdef"),
	})
}

func TestCounters(t *testing.T) {
	countertest.Run(t, func(t *testing.T) guard.Counters { return counters(t, start(t)) })
}

func TestCountersHideNumbersAndAreForgotten(t *testing.T) {
	s := start(t)
	if s.mini == nil {
		t.Skip("looks into miniredis")
	}
	c := counters(t, s)
	now := time.Now()
	_, _, err := c.Reserve(t.Context(), "order-1", now, now.Add(time.Hour), []guard.Charge{{Key: "+306941234567", Amount: 1, Limit: 1, Ends: now.Add(time.Minute)}})
	require.NoError(t, err)
	keys := s.mini.Keys()
	assert.Len(t, keys, 2)
	for _, k := range keys {
		assert.NotContains(t, k, "306941234567")
		assert.NotContains(t, k, "order-1")
	}
	s.mini.FastForward(2 * time.Minute)
	assert.Len(t, s.mini.Keys(), 1)
	s.mini.FastForward(time.Hour)
	assert.Empty(t, s.mini.Keys())
}
