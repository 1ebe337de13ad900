package demo

import (
	"context"
	"time"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/router"
)

// The names of the two providers.
const (
	First  = "athens" // has Apifon's API
	Second = "usa"    // has Phonify's API, at most 160 characters
)

// vendors is the two fakes, and the router with the real drivers.
type vendors struct {
	first  *apifontest.Server
	second *phonifytest.Server
	router *router.Router
}

// openVendors starts the fakes on loopback.
func openVendors(pace time.Duration, onNotice func(router.Notice)) (*vendors, error) {
	v := &vendors{first: apifontest.NewServer(apifontest.Options{}), second: phonifytest.NewServer(phonifytest.Options{})}
	if err := v.openRouter(pace, onNotice); err != nil {
		v.first.Close()
		v.second.Close()
		return nil, err
	}
	return v, nil
}

func (v *vendors) openRouter(pace time.Duration, onNotice func(router.Notice)) error {
	first, err := apifon.New(apifon.Config{
		Config: httpcall.Config{BaseURL: v.first.URL},
		Token:  apifontest.Token, Secret: apifontest.Secret, Sender: "Example",
	})
	if err != nil {
		return err
	}
	second, err := phonify.New(phonify.Config{
		Config: httpcall.Config{BaseURL: v.second.URL}, APIKey: phonifytest.APIKey,
	})
	if err != nil {
		return err
	}
	v.router, err = router.New([]router.Upstream{
		{Name: First, Provider: first},
		{Name: Second, Provider: second},
	}, &router.Options{
		// Shorter than in a real configuration, so that the demo takes seconds, and
		// proportional to the pace, so that each act shows what it should.
		Retry:    router.Retry{MaxAttempts: 2, Initial: 2 * pace},
		Breaker:  router.Breaker{Failures: 3, OpenFor: 28 * pace, Jitter: -1},
		OnNotice: onNotice,
	})
	return err
}

// close closes the router and the fakes.
func (v *vendors) close(ctx context.Context) error {
	err := v.router.Close(ctx)
	v.first.Close()
	v.second.Close()
	return err
}

// held lists what the vendors received.
func (v *vendors) held() []Held {
	var all []Held
	for _, m := range v.first.Messages() {
		all = append(all, Held{First, m.To, m.Text})
	}
	for _, m := range v.second.Messages() {
		all = append(all, Held{Second, m.To, m.Text})
	}
	return all
}
