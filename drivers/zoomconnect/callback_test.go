package zoomconnect_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/zoomconnect"
	"github.com/anysms/anysms/provider"
)

// forms are the ways in which parameters may travel.
var forms = map[string]func(url.Values) *provider.Callback{
	"query": func(v url.Values) *provider.Callback { return &provider.Callback{Method: http.MethodPost, Query: v} },
	"form": func(v url.Values) *provider.Callback {
		return &provider.Callback{
			Method: http.MethodPost, Body: []byte(v.Encode()),
			Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		}
	},
	"json": func(v url.Values) *provider.Callback {
		object := make(map[string]string)
		for name := range v {
			object[name] = v.Get(name)
		}
		body, _ := json.Marshal(object)
		return &provider.Callback{Method: http.MethodPost, Body: body, Header: http.Header{"Content-Type": {"application/json"}}}
	},
}

// parseOne parses a callback that holds one event.
func parseOne(t *testing.T, c *provider.Callback, change ...func(*zoomconnect.Config)) provider.Event {
	t.Helper()
	events, err := provider.ParseCallback(t.Context(), open(t, "http://localhost", change...), c)
	require.NoError(t, err)
	require.Len(t, events, 1)
	assert.True(t, json.Valid(events[0].Raw))
	events[0].Raw = nil
	return events[0]
}

func TestCallbacksOfTheFake(t *testing.T) {
	c := &clock{time.Date(2030, 1, 31, 19, 36, 0, 0, time.UTC)}
	s := c.server(t)
	id := send(t, open(t, s.URL), provider.Message{Ref: "order-17", Tag: "spring"})
	require.True(t, s.SetStatus(id, zoomconnect.StatusDelivered))
	reply := s.Receive("+27820000001", "27980000000", "1+1=2 & more é", id)
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			report := s.Callback(id)
			assert.Equal(t, provider.Event{
				Kind: provider.Report, ID: id, Ref: "order-17", At: c.now,
				Status: provider.StatusDelivered, Final: true, VendorStatus: zoomconnect.StatusDelivered,
				Extra: map[string]string{"campaign": "spring", "nonce": report.Get("nonce"), "nonce_date": "20300131213600", "checksum": report.Get("checksum")},
			}, parseOne(t, form(report)))

			answer := s.Callback(reply)
			assert.Equal(t, provider.Event{
				Kind: provider.Inbound, ID: reply, Ref: "order-17", At: c.now,
				From: "+27820000001", To: ours, Text: "1+1=2 & more é", InReplyTo: id,
				Extra: map[string]string{"campaign": "spring", "nonce": answer.Get("nonce"), "nonce_date": "20300131213600", "checksum": answer.Get("checksum")},
			}, parseOne(t, form(answer)))
		})
	}
}

// The guide prints its samples as addresses, with a plus sign that decodes as a
// blank, and with numbers for ids.
func TestCallbacksOfTheGuide(t *testing.T) {
	query := func(s string) *provider.Callback {
		v, err := url.ParseQuery(s)
		require.NoError(t, err)
		return &provider.Callback{Method: http.MethodPost, Query: v}
	}
	assert.Equal(t, provider.Event{
		Kind: provider.Inbound, ID: "124567", Ref: "custom", At: time.Date(2014, 4, 28, 18, 55, 0, 0, time.UTC),
		From: "+27725551234", Text: "REPLY", InReplyTo: "121212", Extra: map[string]string{"campaign": "shoe campaign"},
	}, parseOne(t, query("from=+27725551234&repliedToMessageId=121212&messageId=124567&message=REPLY&date=201404282055&campaign=shoe campaign&dataField=custom")))
	assert.Equal(t, provider.Event{
		Kind: provider.Report, ID: "40124213", Status: provider.StatusDelivered, Final: true, VendorStatus: "DELIVERED", Extra: map[string]string{},
	}, parseOne(t, query("&status=DELIVERED&messageId=40124213")))
}

func TestCallbackOddities(t *testing.T) {
	body := func(s string) *provider.Callback { return &provider.Callback{Body: []byte(s)} }
	t.Run("unknown status", func(t *testing.T) {
		e := parseOne(t, body(`{"status":"TELEPORTED","messageId":17}`))
		assert.Equal(t, provider.StatusUnknown, e.Status)
		assert.Equal(t, "TELEPORTED", e.VendorStatus)
		assert.Equal(t, "17", e.ID, "a number is an id")
	})
	t.Run("opted out", func(t *testing.T) {
		e := parseOne(t, body("status=FAILED_OPTOUT&messageId=17"))
		assert.Equal(t, provider.OptedOut, e.Code)
		assert.Equal(t, provider.StatusRejected, e.Status)
	})
	t.Run("report by ref alone", func(t *testing.T) {
		assert.Equal(t, "order-17", parseOne(t, body("status=SENT&dataField=order-17")).Ref)
	})
	t.Run("alphanumeric recipient and short sender", func(t *testing.T) {
		e := parseOne(t, body("from=31234&to=SHOP&messageId=1"))
		assert.Equal(t, []string{"31234", "SHOP", ""}, []string{e.From, e.To, e.Text})
	})
	t.Run("the body counts", func(t *testing.T) {
		c := body("status=SENT&messageId=2")
		c.Query = url.Values{"messageId": {"1"}, "status": {"DELIVERED"}}
		e := parseOne(t, c)
		assert.Equal(t, "2", e.ID)
		assert.Equal(t, provider.StatusSent, e.Status)
	})
	t.Run("dates that are none", func(t *testing.T) {
		assert.True(t, parseOne(t, body("from=+27820000001&messageId=1&date=yesterday")).At.IsZero())
	})
	t.Run("another time zone", func(t *testing.T) {
		e := parseOne(t, body("from=+27820000001&messageId=1&date=203001312055"), func(c *zoomconnect.Config) { c.TimeZone = "UTC" })
		assert.Equal(t, time.Date(2030, 1, 31, 20, 55, 0, 0, time.UTC), e.At)
	})
	bad := map[string]string{
		"nothing":              "",
		"neither kind":         "messageId=1",
		"report about nothing": "status=SENT",
		"broken JSON":          `{"status":`,
		"broken form":          "status=%zz",
		"broken text":          "from=%2B27820000001&message=%ff",
		"a list":               "[1]",
	}
	for name, s := range bad {
		t.Run(name, func(t *testing.T) {
			events, err := open(t, "http://localhost").ParseCallback(t.Context(), body(s))
			require.Error(t, err)
			assert.Nil(t, events)
			assert.NotErrorIs(t, err, provider.ErrBadSignature)
			assert.NotContains(t, err.Error(), "27820000001")
		})
	}
}

func TestCallbackAuthenticity(t *testing.T) {
	secret := func(c *zoomconnect.Config) { c.CallbackSecret = "s3cr3t" }
	c := &provider.Callback{Query: url.Values{"secret": {"s3cr3t"}}, Body: []byte("status=SENT&messageId=1&secret=s3cr3t")}
	e := parseOne(t, c, secret)
	assert.Equal(t, "1", e.ID)
	events, err := open(t, "http://localhost", secret).ParseCallback(t.Context(), c)
	require.NoError(t, err)
	assert.NotContains(t, string(events[0].Raw), "s3cr3t")

	for name, query := range map[string]url.Values{"none": nil, "wrong": {"secret": {"s3cr3"}}, "empty": {"secret": {""}}} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, "http://localhost", secret).ParseCallback(t.Context(), &provider.Callback{Query: query, Body: []byte("status=SENT&messageId=1&secret=s3cr3t")})
			require.ErrorIs(t, err, provider.ErrBadSignature)
		})
	}
	forged := func(c *zoomconnect.Config) {
		c.VerifyCallback = func(*provider.Callback) error { return errors.New("checksum differs") }
	}
	_, err = open(t, "http://localhost", forged).ParseCallback(t.Context(), c)
	require.ErrorIs(t, err, provider.ErrBadSignature)
	require.ErrorContains(t, err, "checksum differs")
}

func FuzzParseCallback(f *testing.F) {
	f.Add("from=+27725551234&messageId=124567&message=REPLY&date=201404282055", "")
	f.Add("&status=DELIVERED&messageId=40124213", `{"status":"SENT","messageId":17,"nonce-date":"20300131213600"}`)
	f.Add("", "\ufeff{}")
	p, err := zoomconnect.New(zoomconnect.Config{Email: "a@example.com", Token: "t"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, query, body string) {
		v, _ := url.ParseQuery(query)
		events, err := p.ParseCallback(t.Context(), &provider.Callback{Query: v, Body: []byte(body)})
		if (err == nil) != (len(events) == 1) {
			t.Errorf("%d events and error %v", len(events), err)
		}
		for _, e := range events {
			if e.Kind == "" || !json.Valid(e.Raw) {
				t.Errorf("event %#v, raw %q", e, e.Raw)
			}
		}
	})
}
