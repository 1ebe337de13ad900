package router_test

import (
	"context"
	"flag"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
	"github.com/anysms/anysms/router"
)

func TestMain(m *testing.M) {
	schedules := "2000"
	if os.Getenv("ANYSMS_LONG") != "" {
		schedules = "100000"
	}
	if err := flag.Set("rapid.checks", schedules); err != nil { // the command line may still say otherwise
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// vendors are two real drivers and the fakes of their vendors, over real sockets.
type vendors struct {
	apifon  *apifontest.Server
	phonify *phonifytest.Server
	router  *router.Router
}

func openVendors(t *testing.T, opts *router.Options) *vendors {
	t.Helper()
	v := &vendors{apifon: apifontest.NewServer(apifontest.Options{}), phonify: phonifytest.NewServer(phonifytest.Options{})}
	t.Cleanup(v.apifon.Close)
	t.Cleanup(v.phonify.Close)
	a, err := apifon.New(apifon.Config{
		Config: httpcall.Config{BaseURL: v.apifon.URL, Timeout: provider.Duration(30 * time.Second)},
		Token:  apifontest.Token, Secret: apifontest.Secret, Sender: "Example",
	})
	require.NoError(t, err)
	p, err := phonify.New(phonify.Config{Config: httpcall.Config{BaseURL: v.phonify.URL}, APIKey: phonifytest.APIKey})
	require.NoError(t, err)
	v.router = open(t, []router.Upstream{{Name: "athens", Provider: a, Timeout: 30 * time.Second}, {Name: "usa", Provider: p}}, opts)
	return v
}

func (v *vendors) taken() (athens, usa int) {
	return len(v.apifon.Messages()), len(v.phonify.Messages())
}

func TestOverRealSockets(t *testing.T) {
	fast := &router.Options{Retry: router.Retry{MaxAttempts: 2, Initial: time.Millisecond}}

	t.Run("the first vendor has it", func(t *testing.T) {
		v := openVendors(t, fast)
		said := "Γειά σου 😀 'quoted' \"twice\" {braces} " + strings.Repeat("x", 350)
		res, err := v.router.Send(t.Context(), text(said))
		require.NoError(t, err)
		assert.Equal(t, "athens:accepted", trail(res))
		assert.NotEmpty(t, res.ID)
		assert.Equal(t, said, v.apifon.Messages()[0].Text, "byte for byte")
	})
	t.Run("the first vendor is down", func(t *testing.T) {
		v := openVendors(t, fast)
		require.NoError(t, v.apifon.SetMode(httpcalltest.Down))
		res, err := v.router.Send(t.Context(), text("hello"))
		require.NoError(t, err)
		assert.Equal(t, "athens:not_sent athens:not_sent usa:accepted", trail(res))
		assert.False(t, res.DuplicatePossible, "it is proven that nothing left")
	})
	t.Run("the vendor takes it and drops the connection", func(t *testing.T) {
		v := openVendors(t, fast)
		require.NoError(t, v.apifon.SetMode(httpcalltest.Drop))
		res, err := v.router.Send(t.Context(), text("hello"))
		require.ErrorIs(t, err, provider.Indeterminate)
		assert.Equal(t, provider.OutcomeUnknown, res.Status)
		assert.Equal(t, "athens:unknown", trail(res))
		athens, usa := v.taken()
		assert.Equal(t, 1, athens)
		assert.Zero(t, usa, "no second text")
		assert.Equal(t, 1, v.apifon.Requests(), "counted at the socket")
	})
	t.Run("the same for a one-time code", func(t *testing.T) {
		v := openVendors(t, fast)
		require.NoError(t, v.apifon.SetMode(httpcalltest.Drop))
		m := text("Your code is 123456")
		m.Class = provider.OTP
		res, err := v.router.Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, "athens:unknown usa:accepted", trail(res))
		assert.True(t, res.DuplicatePossible)
	})
	t.Run("the vendor says nothing", func(t *testing.T) {
		v := openVendors(t, fast)
		require.NoError(t, v.apifon.SetMode(httpcalltest.Hang))
		inTime(t, func(d time.Duration) bool {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			res, err := v.router.Send(ctx, text("hello"))
			if v.apifon.Requests() == 0 {
				return false
			}
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, provider.OutcomeUnknown, res.Status)
			return true
		})
	})
	t.Run("the vendor says nothing until the message's deadline", func(t *testing.T) {
		v := openVendors(t, fast)
		require.NoError(t, v.apifon.SetMode(httpcalltest.Hang))
		inTime(t, func(d time.Duration) bool {
			m := text("hello")
			m.Deadline = time.Now().Add(d)
			res, err := v.router.Send(t.Context(), m)
			if v.apifon.Requests() == 0 {
				return false
			}
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, provider.OutcomeUnknown, res.Status)
			return true
		})
	})
	t.Run("too long for the second", func(t *testing.T) {
		v := openVendors(t, fast)
		require.NoError(t, v.apifon.SetMode(httpcalltest.Down))
		res, err := v.router.Send(t.Context(), text(strings.Repeat("x", 200)))
		require.ErrorIs(t, err, provider.Unavailable)
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
		assert.Equal(t, []router.Skip{{Provider: "usa", Reason: "the text has 200 characters; the limit is 160"}}, res.Skipped)
		assert.Zero(t, v.phonify.Requests())
	})
}

// inTime calls try with a longer deadline each time, until it says that the vendor
// was reached before it.
func inTime(t *testing.T, try func(d time.Duration) bool) {
	t.Helper()
	for d := 100 * time.Millisecond; !try(d); d *= 4 {
		require.Less(t, d, time.Minute, "no deadline is long enough")
	}
}

// Unknown outcomes count as failures: a vendor that drops connections is left alone.
func TestDoubtOpensTheBreaker(t *testing.T) {
	v := openVendors(t, &router.Options{Breaker: router.Breaker{Failures: 3}})
	require.NoError(t, v.apifon.SetMode(httpcalltest.Drop))
	unknown := 0
	for range 10 {
		if res, _ := v.router.Send(t.Context(), text("hello")); res.Status == provider.OutcomeUnknown {
			unknown++
		}
	}
	assert.Equal(t, 3, unknown)
	athens, usa := v.taken()
	assert.Equal(t, 3, athens)
	assert.Equal(t, 7, usa)
}

// Attempts are counted at the socket, whatever the client library does.
func TestBudgetAtTheSocket(t *testing.T) {
	refuse := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	server := httpcalltest.NewServer(refuse)
	t.Cleanup(server.Close)
	a, err := phonify.New(phonify.Config{Config: httpcall.Config{BaseURL: server.URL}, APIKey: "k"})
	require.NoError(t, err)
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{
		Retry: router.Retry{MaxAttempts: 9, Initial: time.Millisecond, Max: time.Millisecond}, AttemptBudget: 4,
	})
	res, err := r.Send(t.Context(), text("hello"))
	require.ErrorIs(t, err, provider.Unavailable)
	assert.Len(t, res.Attempts, 4)
	assert.Equal(t, 4, server.Requests())
}

func TestCloseWaitsForMessagesInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{Delay: provider.Duration(50 * time.Millisecond)})
		r, err := router.New([]router.Upstream{{Name: "a", Provider: a}}, nil)
		require.NoError(t, err)
		var wg sync.WaitGroup
		wg.Go(func() {
			res, err := r.Send(context.Background(), text("hello"))
			if assert.NoError(t, err) {
				assert.Equal(t, provider.OutcomeAccepted, res.Status)
			}
		})
		synctest.Wait()
		assert.Equal(t, 1, r.States()[0].InFlight)
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		require.ErrorIs(t, r.Close(short), context.DeadlineExceeded)
		wg.Wait()
		res, err := r.Send(t.Context(), text("late"))
		require.ErrorIs(t, err, provider.Unavailable)
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
		assert.Equal(t, 1, a.Accepted())
		assert.NoError(t, r.Close(t.Context()), "again")
	})
}

func TestTenThousandAtOnce(t *testing.T) {
	a := vendor(t, memory.Config{Ledger: 10_000})
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Validation: router.Shape})
	var wg sync.WaitGroup
	for range 10_000 {
		wg.Go(func() {
			if _, err := r.Send(context.Background(), text("hello")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	assert.Equal(t, 10_000, a.Accepted())
}
