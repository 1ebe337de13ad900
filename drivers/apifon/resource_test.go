package apifon_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/provider"
)

// customers makes a list of n people.
func customers(t *testing.T, c *apifon.Client, n int) string {
	list, err := c.AddList(t.Context(), apifon.NewList{ListSettings: apifon.ListSettings{Title: "Customers", Prefix: "+30"}})
	require.NoError(t, err)
	people := make([]apifon.Contact, n)
	for i := range people {
		people[i] = apifon.Contact{Destination: fmt.Sprintf("+3069%08d", i), Status: apifon.Subscribed, EmailStatus: apifon.Unsubscribed}
	}
	require.NoError(t, c.AddSubscribers(t.Context(), list, people, false))
	return list
}

func TestWalkThroughPages(t *testing.T) {
	server, p := open(t)
	c := p.Client()
	list := customers(t, c, 25)
	before := server.Requests()
	var seen []string
	filter := apifon.SubscriberFilter{Paging: apifon.Paging{Size: 10, Sort: "destination", Descending: true}}
	for s, err := range c.Subscribers(t.Context(), list, filter) {
		require.NoError(t, err)
		seen = append(seen, s.Destination)
	}
	require.Len(t, seen, 25)
	assert.Equal(t, "306900000024", seen[0])
	assert.Equal(t, "306900000000", seen[24])
	assert.Equal(t, 3, server.Requests()-before)

	count := 0
	query := apifon.Query{
		Conditions: []apifon.Condition{{Field: "destination", Op: apifon.GreaterOrEqual, Value: "306900000005"}},
		Paging:     apifon.Paging{Size: 10, Sort: "destination"},
	}
	before = server.Requests()
	for s, err := range c.QuerySubscribers(t.Context(), list, query) {
		require.NoError(t, err)
		assert.GreaterOrEqual(t, s.Destination, "306900000005")
		count++
	}
	assert.Equal(t, 20, count)
	assert.Equal(t, 2, server.Requests()-before, "a query has no links; the total decides")

	before = server.Requests()
	for range c.Subscribers(t.Context(), list, filter) {
		break
	}
	assert.Equal(t, 1, server.Requests()-before, "who stops reads no further page")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range c.Subscribers(ctx, list, filter) {
		require.ErrorIs(t, err, context.Canceled)
	}
	server.Fail(500, "")
	for _, err := range c.Lists(t.Context(), apifon.Paging{}) {
		require.ErrorIs(t, err, provider.Indeterminate)
	}
}

// A server that ignores the page must not make the walk endless.
func TestWalkEnds(t *testing.T) {
	server, p := open(t)
	const page = `{"meta":{"page":1,"size":1,"total":9},"links":{"next":"https://ars.example/next"},"results":[{"id":"a"}]}`
	server.Fail(200, page)
	server.Fail(200, page)
	count := 0
	for _, err := range p.Client().Lists(t.Context(), apifon.Paging{Size: 1}) {
		require.NoError(t, err)
		count++
	}
	assert.Equal(t, 2, count)
}

func TestListsAndPeople(t *testing.T) {
	_, p := open(t)
	ctx, c := t.Context(), p.Client()
	list := customers(t, c, 2)
	got, err := c.GetList(ctx, list, apifon.Read{})
	require.NoError(t, err)
	assert.Equal(t, apifon.ListIdle, got.Status)
	assert.Equal(t, 2, got.TotalSubscribers)
	assert.WithinDuration(t, time.Now(), got.DateCreated.Time, time.Minute)

	_, err = c.GetList(ctx, list, apifon.Read{IfNoneMatch: got.Meta.ETag})
	require.ErrorIs(t, err, apifon.ErrNotModified)
	_, err = c.GetList(ctx, list, apifon.Read{IfNoneMatch: "another"})
	require.NoError(t, err)

	partial, err := c.GetList(ctx, list, apifon.Read{Fields: []string{"id", "title"}})
	require.NoError(t, err)
	assert.Equal(t, apifon.List{ID: list, Title: "Customers"}, *partial)

	ann := apifon.SubscriberKey("+306900000000")
	require.NoError(t, c.RemoveSubscriber(ctx, list, ann, false))
	archived, err := c.GetSubscriber(ctx, list, ann, apifon.Read{})
	require.NoError(t, err)
	assert.True(t, archived.Archived)
	require.NoError(t, c.Unsubscribe(ctx, list, ann))
	require.NoError(t, c.Block(ctx, apifon.Block{Destination: "306900000000", Reason: apifon.BlockedRequested}))
	require.ErrorIs(t, c.Subscribe(ctx, list, ann), provider.Rejected, "is on the bounce list")
	for b, err := range c.AllBlocked(ctx, apifon.BlockedFilter{Type: apifon.Mobile}) {
		require.NoError(t, err)
		assert.Equal(t, apifon.BlockedRequested, b.Reason)
		assert.Equal(t, "API", b.User)
	}
	for b, err := range c.QueryBlocked(ctx, apifon.Query{Conditions: []apifon.Condition{{Field: "description", Op: apifon.Equal, Value: ""}}, Paging: apifon.Paging{Sort: "destination"}}) {
		require.NoError(t, err)
		assert.Equal(t, "306900000000", b.Destination)
	}
	require.NoError(t, c.Unblock(ctx, "306900000000"))
	require.NoError(t, c.Subscribe(ctx, list, ann))
	require.NoError(t, c.RemoveSubscriber(ctx, list, ann, true))
	_, err = c.GetSubscriber(ctx, list, ann, apifon.Read{})
	said := new(apifon.APIError)
	require.ErrorAs(t, err, &said)
	assert.Equal(t, 404, said.HTTPStatus)
	require.ErrorIs(t, err, provider.Rejected)
}

func TestResourceErrors(t *testing.T) {
	server, p := open(t)
	c := p.Client()
	server.Fail(400, `{"status":"400","title":"Request validation Error(s)","error_details":{"campaign_defaults.from":"Not a valid email address"},"error_report_code":"280ac334-c207-4196-972f-3bfd1083dd9d"}`)
	_, err := c.AddList(t.Context(), apifon.NewList{ListSettings: apifon.ListSettings{Title: "x", Prefix: "+30"}})
	said := new(apifon.APIError)
	require.ErrorAs(t, err, &said)
	assert.Equal(t, apifon.APIError{
		HTTPStatus: 400, Code: "400", Title: "Request validation Error(s)", ReportCode: "280ac334-c207-4196-972f-3bfd1083dd9d",
		Details: map[string]string{"campaign_defaults.from": "Not a valid email address"},
	}, *said)
	assert.ErrorContains(t, err, "campaign_defaults.from: Not a valid email address")

	for name, tt := range map[string]struct {
		status int
		body   string
		code   provider.Code
	}{
		"refusal in a 200": {200, `{"status":"409","title":"Conflict"}`, provider.Rejected},
		"not found":        {404, `{"status":"404","title":"Not Found"}`, provider.Rejected},
		"throttled":        {429, "", provider.RateLimited},
		"html":             {500, "<html>", provider.Indeterminate},
	} {
		server.Fail(tt.status, tt.body)
		require.ErrorIs(t, c.RemoveList(t.Context(), "l"), tt.code, name)
	}
	for _, body := range []string{"", "<html>", "[]", `{"results":{}}`} {
		server.Fail(200, body)
		_, err := c.ListsPage(t.Context(), apifon.Paging{})
		require.ErrorIs(t, err, provider.Indeterminate, body)
	}
}
