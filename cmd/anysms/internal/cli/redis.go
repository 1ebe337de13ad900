package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/redisstore"
)

// countInRedis makes the guards of a configuration count in the Redis that it names, and
// keep the senders' rates there. The first message connects.
func countInRedis(conf *config.Config) error {
	at := conf.CountInRedis
	if at.URL == "" || strings.Contains(at.URL.Reveal(), placeholder) {
		return nil
	}
	options, err := redis.ParseURL(at.URL.Reveal())
	if err != nil {
		return fmt.Errorf("%s: guards.counters: %w", conf.Path, errBadRedis)
	}
	client := redis.NewClient(options)
	conf.OnClose(client.Close)
	conf.Guards.Use(redisstore.NewCounters(client, &redisstore.Options{Key: []byte(at.Key.Reveal())}))
	return conf.Guards.ShareRates(func(from string, perSecond float64) (router.Limiter, error) {
		return redisstore.NewLimiter(client, "sender "+from, perSecond)
	})
}

// errBadRedis does not repeat the address, as it may have a password.
var errBadRedis = errors.New("Redis cannot be reached by this address; want one such as redis://:password@redis.example.com:6379/0")
