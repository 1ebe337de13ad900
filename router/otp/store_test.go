package otp_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
	"github.com/anysms/anysms/router/ledger/sqlite"
	"github.com/anysms/anysms/router/otp"
)

// openers open the store that a process has: each call another one, over the same records.
var openers = map[string]func(t *testing.T) func() otp.Store{
	"memory": func(*testing.T) func() otp.Store {
		s := otp.NewMemoryStore(0)
		return func() otp.Store { return s }
	},
	"sqlite": func(t *testing.T) func() otp.Store {
		path := filepath.Join(t.TempDir(), "anysms.db")
		return func() otp.Store { return openLedger(t, path) }
	},
	"postgres": func(t *testing.T) func() otp.Store {
		address := postgrestest.Schema(t)
		return func() otp.Store { return openLedger(t, address) }
	},
}

func openLedger(t *testing.T, database string) otp.Store {
	t.Helper()
	l, err := open(database)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	return otp.NewLedgerStore(l)
}

func open(database string) (*ledger.Ledger, error) {
	if u, err := url.Parse(database); err == nil && u.Scheme == "postgres" {
		return postgres.Open(context.Background(), database, ledger.Options{Key: testKey})
	}
	return sqlite.Open(context.Background(), database, ledger.Options{Key: testKey})
}

// TestStores is the contract of a store.
func TestStores(t *testing.T) {
	for name, opener := range openers {
		for what, test := range map[string]func(*testing.T, func() otp.Store){
			"records":                           testRecords,
			"updates fail":                      testFailedUpdate,
			"sweeps":                            testSweep,
			"updates overlap":                   testOverlap,
			"a code is checked by many at once": testRace,
			"a code by two services":            testTwoServices,
			"contexts that have ended":          testEnded,
		} {
			t.Run(name+"/"+what, func(t *testing.T) { test(t, opener(t)) })
		}
	}
}

func put(t *testing.T, s otp.Store, key string, r otp.Record) {
	t.Helper()
	require.NoError(t, s.Update(t.Context(), func(tx otp.Tx) error { return tx.Put(key, &r) }))
}

func equal(t *testing.T, want, got *otp.Record) {
	t.Helper()
	require.NotNil(t, got)
	assert.True(t, want.Started.Equal(got.Started))
	assert.True(t, want.Expires.Equal(got.Expires))
	a, b := *want, *got
	a.Started, a.Expires, b.Started, b.Expires = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	assert.True(t, a == b, "other fields differ")
}

func testRecords(t *testing.T, open func() otp.Store) {
	s, other := open(), open()
	r, err := s.Get(t.Context(), "v:1")
	require.NoError(t, err)
	require.Nil(t, r)
	want := otp.Record{
		Started: time.UnixMicro(1_700_000_000_000_001), Expires: time.UnixMicro(1_700_000_300_000_002), Sends: 3, Tries: 2, Used: true,
		Length: 8, Text: "Κωδικός: {code} 🙂'\"", Number: "hash", Prefix: "306971234", Country: "GR", Provider: "athens", Message: "otp_x.y",
	}
	put(t, s, "v:1", want)
	put(t, s, "n:1", otp.Record{Started: want.Started, Expires: want.Expires})
	for _, s := range []otp.Store{s, other} {
		got, err := s.Get(t.Context(), "v:1")
		require.NoError(t, err)
		equal(t, &want, got)
	}
	require.NoError(t, other.Update(t.Context(), func(tx otp.Tx) error {
		got, err := tx.Get("v:1")
		require.NoError(t, err)
		equal(t, &want, got)
		got.Tries, got.Used = 4, false
		if unchanged, err := tx.Get("v:1"); assert.NoError(t, err) {
			equal(t, &want, unchanged)
		}
		require.NoError(t, tx.Put("v:1", got))
		again, err := tx.Get("v:1")
		require.NoError(t, err)
		equal(t, got, again)
		got.Sends = 100 // what was put is a copy
		return nil
	}))
	want.Tries, want.Used = 4, false
	got, err := s.Get(t.Context(), "v:1")
	require.NoError(t, err)
	equal(t, &want, got)
}

func testFailedUpdate(t *testing.T, open func() otp.Store) {
	s := open()
	boom := &provider.Error{Code: provider.RateLimited, Err: errors.New("boom")}
	err := s.Update(t.Context(), func(tx otp.Tx) error {
		return errors.Join(tx.Put("v:1", &otp.Record{Expires: time.Now()}), boom)
	})
	require.ErrorIs(t, err, boom)
	require.ErrorIs(t, err, provider.RateLimited)
	r, err := s.Get(t.Context(), "v:1")
	require.NoError(t, err)
	assert.Nil(t, r, "nothing has changed")
}

func testSweep(t *testing.T, open func() otp.Store) {
	s, other := open(), open()
	now := time.Now()
	for i := range 10 {
		put(t, s, fmt.Sprint("v:", i), otp.Record{Started: now, Expires: now.Add(time.Duration(i) * time.Minute), Sends: i})
	}
	seen := make(map[int]int)
	for _, s := range []otp.Store{s, other, s} {
		gone, err := s.Sweep(t.Context(), now.Add(5*time.Minute), 3)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(gone), 3)
		for _, r := range gone {
			seen[r.Sends]++
		}
	}
	assert.Equal(t, map[int]int{0: 1, 1: 1, 2: 1, 3: 1, 4: 1}, seen)
	r, err := s.Get(t.Context(), "v:5")
	require.NoError(t, err)
	assert.NotNil(t, r)
}

func testOverlap(t *testing.T, open func() otp.Store) {
	stores := []otp.Store{open(), open()}
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			assert.NoError(t, stores[i%2].Update(t.Context(), func(tx otp.Tx) error {
				r, err := tx.Get("n:1")
				if err != nil {
					return err
				}
				if r == nil {
					r = &otp.Record{Expires: time.Now()}
				}
				r.Sends++
				return tx.Put("n:1", r)
			}))
		})
	}
	all.Wait()
	r, err := stores[0].Get(t.Context(), "n:1")
	require.NoError(t, err)
	assert.Equal(t, 20, r.Sends)
}

// service returns a service over a store, which sends nothing.
func service(t *testing.T, s otp.Store) *otp.Service {
	t.Helper()
	service, err := otp.New(func(context.Context, *provider.Message) (*router.Result, error) { return nil, nil },
		otp.Config{Key: testKey, Store: s, Text: "{code}"})
	require.NoError(t, err)
	return service
}

func testRace(t *testing.T, open func() otp.Store) {
	services := []*otp.Service{service(t, open()), service(t, open())}
	v, err := services[0].Start(t.Context(), number, otp.Options{})
	require.NoError(t, err)
	code, err := services[1].Render(t.Context(), v.ID)
	require.NoError(t, err)
	var valid atomic.Int64
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			c, err := services[i%2].Check(t.Context(), v.ID, code)
			assert.NoError(t, err)
			if c.Valid {
				valid.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, valid.Load())
}

// What one process starts another one checks, limits and sends once more.
func testTwoServices(t *testing.T, open func() otp.Store) {
	a, b := service(t, open()), service(t, open())
	v, err := a.Start(t.Context(), number, otp.Options{Ref: "r", Text: "Κωδικός {code}"})
	require.NoError(t, err)
	again, err := b.Start(t.Context(), number, otp.Options{Ref: "r"})
	require.NoError(t, err)
	assert.Equal(t, v.ID, again.ID)
	text, err := b.Render(t.Context(), v.ID)
	require.NoError(t, err)
	code := digits.FindString(text)
	assert.Equal(t, "Κωδικός "+code, text)
	for i, s := range []*otp.Service{a, b, a, b} {
		c, err := s.Check(t.Context(), v.ID, wrong(code))
		require.NoError(t, err)
		assert.Equal(t, otp.Checked{TriesLeft: 4 - i}, c)
	}
	c, err := a.Check(t.Context(), v.ID, code)
	require.NoError(t, err)
	assert.True(t, c.Valid)
}

// The provider of a code that a queue has sent is read from the ledger.
func TestProviderOfQueuedCode(t *testing.T) {
	l, err := open(filepath.Join(t.TempDir(), "anysms.db"))
	require.NoError(t, err)
	defer l.Close()
	r, err := router.New([]router.Upstream{{Name: "athens", Provider: newVendor(t)}}, &router.Options{Store: l, Journal: l})
	require.NoError(t, err)
	var queued *provider.Message
	var got []otp.Conversion
	s, err := otp.New(func(_ context.Context, m *provider.Message) (*router.Result, error) {
		queued = m
		return nil, nil
	}, otp.Config{Key: testKey, Store: otp.NewLedgerStore(l), OnConversion: func(c otp.Conversion) { got = append(got, c) }})
	require.NoError(t, err)
	v, err := s.Start(t.Context(), number, otp.Options{})
	require.NoError(t, err)
	_, err = r.Send(t.Context(), queued)
	require.NoError(t, err)
	c, err := s.Check(t.Context(), v.ID, digits.FindString(queued.Text))
	require.NoError(t, err)
	assert.True(t, c.Valid)
	require.Len(t, got, 1)
	assert.Equal(t, "athens", got[0].Provider)
}

func testEnded(t *testing.T, open func() otp.Store) {
	s := open()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Update(ctx, func(tx otp.Tx) error { return tx.Put("v:1", &otp.Record{Expires: time.Now()}) })
	require.ErrorIs(t, err, context.Canceled)
	r, err := s.Get(t.Context(), "v:1")
	require.NoError(t, err)
	assert.Nil(t, r)
}

// envChild makes a process of the tests check a code: of a database, with an id.
const envChild = "ANYSMS_OTP_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(envChild) == "" {
		os.Exit(m.Run())
	}
	if err := child(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child says when it is ready, and checks when it is told to.
func child(database, id, code string) error {
	l, err := open(database)
	if err != nil {
		return err
	}
	defer l.Close()
	s, err := otp.New(func(context.Context, *provider.Message) (*router.Result, error) { return nil, nil },
		otp.Config{Key: testKey, Store: otp.NewLedgerStore(l), Text: "{code}"})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	c, err := s.Check(context.Background(), id, code)
	if err == nil {
		fmt.Println(c.Valid)
	}
	return err
}

// Two processes check the same code at the same moment: one of them gets it.
func TestTwoProcesses(t *testing.T) {
	for name, database := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "anysms.db") },
		"postgres": func(t *testing.T) string { return postgrestest.Schema(t) },
	} {
		t.Run(name, func(t *testing.T) {
			database := database(t)
			own := service(t, openLedger(t, database))
			for range 3 {
				v, err := own.Start(t.Context(), number, otp.Options{})
				require.NoError(t, err)
				code, err := own.Render(t.Context(), v.ID)
				require.NoError(t, err)
				assert.ElementsMatch(t, []string{"true\n", "false\n"}, race(t, database, v.ID, code))
			}
		})
	}
}

// race lets two processes check a code, and returns what they say.
func race(t *testing.T, args ...string) (said []string) {
	t.Helper()
	var commands []*exec.Cmd
	var outs []*bufio.Reader
	var start []func()
	for range 2 {
		cmd := exec.Command(os.Args[0], args...)
		cmd.Env, cmd.Stderr = append(os.Environ(), envChild+"=1"), os.Stderr
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		commands, outs = append(commands, cmd), append(outs, bufio.NewReader(out))
		start = append(start, func() { _, _ = in.Write([]byte("\n")) })
	}
	for _, out := range outs {
		line, err := out.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "ready\n", line)
	}
	for _, f := range start {
		f()
	}
	for i, out := range outs {
		line, err := out.ReadString('\n')
		require.NoError(t, err)
		said = append(said, line)
		require.NoError(t, commands[i].Wait())
	}
	return said
}
