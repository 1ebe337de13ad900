package zoomconnect_test

import (
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/zoomconnect"
	"github.com/anysms/anysms/drivers/zoomconnect/zoomconnecttest"
	"github.com/anysms/anysms/provider"
)

// collect reads a walk to its end.
func collect[T any](t *testing.T, walk iter.Seq2[T, error]) []T {
	t.Helper()
	all := []T{}
	for item, err := range walk {
		require.NoError(t, err)
		all = append(all, item)
	}
	return all
}

func TestURLSending(t *testing.T) {
	s := newServer(t)
	c := open(t, s.URL).Client()
	sms := zoomconnect.SMS{
		RecipientNumber: "0820000001", Message: "a+b & é", Campaign: "spring", DataField: "order-17",
		DateToSend: time.Date(2030, 1, 31, 18, 55, 0, 0, time.UTC),
	}
	byParameters, err := c.SendURLParameters(t.Context(), sms)
	require.NoError(t, err)
	byToken, err := c.SendURL(t.Context(), sms)
	require.NoError(t, err)
	require.Len(t, s.Messages(), 2)
	for i, id := range []string{byParameters, byToken} {
		m := s.Messages()[i]
		assert.Equal(t, []string{id, "+27820000001", "a+b & é", "spring", "order-17"}, []string{m.ID, m.To, m.Text, m.Campaign, m.DataField})
		assert.Equal(t, sms.DateToSend, m.SendAt.UTC())
	}

	for body, want := range map[string]string{
		"5b37661a0000000000000001":     "5b37661a0000000000000001",
		`"5b37661a0000000000000001"`:   "5b37661a0000000000000001",
		" 40124213\n":                  "40124213",
		"":                             "",
		"ERROR":                        "",
		"bad":                          "",
		"Message sent":                 "",
		`{"messageId":null,"error":1}`: "",
	} {
		s.Fail(200, body)
		id, err := c.SendURL(t.Context(), sms)
		assert.Equal(t, want, id)
		if want == "" {
			require.ErrorIs(t, err, provider.Indeterminate, body)
		}
	}

	_, err = c.SendURLParameters(t.Context(), zoomconnect.SMS{RecipientNumber: "1", Message: "x"})
	require.ErrorIs(t, err, provider.InvalidRecipient)
	before := s.Requests()
	_, err = open(t, s.URL, func(c *zoomconnect.Config) { c.URLToken = "" }).Client().SendURL(t.Context(), sms)
	require.ErrorContains(t, err, "url_token: is not set")
	assert.Equal(t, before, s.Requests())
	_, err = open(t, s.URL, func(c *zoomconnect.Config) { c.URLToken = "wrong-t0ken" }).Client().SendURL(t.Context(), sms)
	require.ErrorIs(t, err, provider.Unauthenticated)
	assert.NotContains(t, err.Error(), "wrong-t0ken")
}

func TestMessagesWithFilters(t *testing.T) {
	clk := &clock{time.Date(2030, 1, 31, 21, 0, 0, 0, time.UTC)} // 23:00 in South Africa
	s := clk.server(t)
	p := open(t, s.URL)
	first := send(t, p, provider.Message{Text: "first", Ref: "r1", Tag: "spring"})
	clk.now = clk.now.Add(2 * time.Hour)
	second := send(t, p, provider.Message{Text: "second", Ref: "r2"})
	reply := s.Receive("+27820000001", ours, "yes", first)
	s.SetStatus(first, zoomconnect.StatusDelivered)
	require.NoError(t, p.Client().MarkRead(t.Context(), reply))
	require.NoError(t, p.Client().DeleteMessage(t.Context(), second))
	yes, no := true, false
	firstDay, nextDay := clk.now.Add(-2*time.Hour), clk.now
	tests := []struct {
		name   string
		filter zoomconnect.Filter
		want   []string
	}{
		{"all", zoomconnect.Filter{}, []string{reply, second, first}},
		{"outbound", zoomconnect.Filter{Type: zoomconnect.Outbound}, []string{second, first}},
		{"inbound", zoomconnect.Filter{Type: zoomconnect.Inbound}, []string{reply}},
		{"status", zoomconnect.Filter{Status: zoomconnect.StatusDelivered}, []string{first}},
		{"sent from", zoomconnect.Filter{SentFrom: nextDay}, []string{second}},
		{"sent to", zoomconnect.Filter{SentTo: firstDay}, []string{first}},
		{"received from", zoomconnect.Filter{ReceivedFrom: nextDay}, []string{reply}},
		{"received to", zoomconnect.Filter{ReceivedTo: firstDay}, []string{}},
		{"from number", zoomconnect.Filter{FromNumber: "2782"}, []string{reply}},
		{"to number", zoomconnect.Filter{ToNumber: ours}, []string{reply}},
		{"text", zoomconnect.Filter{Message: "sec"}, []string{second}},
		{"campaign", zoomconnect.Filter{Type: zoomconnect.Outbound, Campaign: "spring"}, []string{first}},
		{"data field", zoomconnect.Filter{DataField: "r2"}, []string{second}},
		{"deleted", zoomconnect.Filter{Deleted: &yes}, []string{second}},
		{"not deleted", zoomconnect.Filter{Deleted: &no}, []string{reply, first}},
		{"read", zoomconnect.Filter{Read: &yes}, []string{reply}},
		{"unread", zoomconnect.Filter{Read: &no}, []string{}},
		{"replies", zoomconnect.Filter{RepliesTo: first}, []string{reply}},
		{"pages of one", zoomconnect.Filter{PageSize: 1}, []string{reply, second, first}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ids := []string{}
			for _, m := range collect(t, p.Client().Messages(t.Context(), tt.filter)) {
				ids = append(ids, string(m.MessageID))
			}
			assert.Equal(t, tt.want, ids)
		})
	}
	require.NoError(t, p.Client().MarkUnread(t.Context(), reply))
	m, err := p.Client().Message(t.Context(), reply)
	require.NoError(t, err)
	assert.False(t, m.Read)
	assert.Equal(t, zoomconnect.ID(first), m.RepliedToMessage.MessageID)
	assert.True(t, m.DateTimeReceived.Equal(nextDay))
	require.ErrorIs(t, p.Client().MarkRead(t.Context(), "nothing"), provider.Rejected)

	before := s.Requests()
	for range p.Client().Messages(t.Context(), zoomconnect.Filter{PageSize: 1}) {
		break
	}
	assert.Equal(t, before+1, s.Requests(), "pages that are not needed are not requested")
	_, err = p.Client().ListMessages(t.Context(), zoomconnect.Filter{}, 0)
	require.ErrorContains(t, err, "page: the first is 1")
}

func TestMessageAsDocumented(t *testing.T) {
	s := newServer(t)
	s.Fail(200, `{"messageId":17,"messageType":"OUTBOUND","messageStatus":"DELIVERED","message":"Test","fromNumber":null,"toNumber":"27820000001",
		"campaign":"spring","userDataField":"order-17","creditCost":1.5,"numberOfMessages":2,"dateTimeScheduled":null,"dateTimeSent":1704164645000,
		"dateTimeReceived":"2024-01-02T05:04:05.000+0200","deleted":false,"read":false,"contact":{"contactId":"1","links":[]},
		"repliedToMessage":{"messageId":"5b37","links":[]},"links":[]}`)
	m, err := open(t, s.URL).Client().Message(t.Context(), "17")
	require.NoError(t, err)
	assert.Equal(t, "2024-01-02T03:04:05Z", m.DateTimeSent.Format(time.RFC3339))
	assert.Equal(t, "2024-01-02T03:04:05Z", m.DateTimeReceived.Format(time.RFC3339))
	assert.True(t, m.DateTimeScheduled.IsZero())
	assert.Equal(t, "1.5 credits", m.CreditCost.String())
	assert.Equal(t, zoomconnect.ID("1"), m.Contact.ContactID)
	assert.Equal(t, zoomconnect.ID("5b37"), m.RepliedToMessage.MessageID)

	for _, body := range []string{`{}`, `[]`, `{"messageId":"18"}`, `<html>`, ``} {
		s.Fail(200, body)
		_, err := open(t, s.URL).Client().Message(t.Context(), "17")
		require.ErrorIs(t, err, provider.Indeterminate, body)
		s.Fail(200, body)
		_, err = open(t, s.URL).Client().ListMessages(t.Context(), zoomconnect.Filter{}, 1)
		require.ErrorIs(t, err, provider.Indeterminate, body)
	}
}

func TestAnalyses(t *testing.T) {
	s := newServer(t)
	c := open(t, s.URL).Client()
	ctx, to := t.Context(), alice.String()
	full, err := c.Analyse(ctx, "Tά", to)
	require.NoError(t, err)
	assert.JSONEq(t, `[["T","UCS2"],["ά","UCS2"]]`, string(full.Characters))
	full.Characters = nil
	assert.Equal(t, &zoomconnect.Analysis{
		Encoding: "UCS2", Length: 2, WithinMaximum: true, NumberOfMessages: 1,
		CreditCost: zoomconnect.Credits{Money: provider.Money{Micros: 1e6, Currency: provider.Credits}},
	}, full)
	cost, err := c.AnalyseCost(ctx, "T", to)
	require.NoError(t, err)
	assert.Equal(t, "1 credits", cost.String())
	encoding, err := c.AnalyseEncoding(ctx, "T", to)
	require.NoError(t, err)
	assert.Equal(t, "GSM7", encoding)
	length, err := c.AnalyseLength(ctx, "Tά", to)
	require.NoError(t, err)
	assert.Equal(t, 2, length)
	within, err := c.AnalyseWithinMaximum(ctx, "T", to)
	require.NoError(t, err)
	assert.True(t, within)
	segments, err := c.AnalyseNumberOfMessages(ctx, "T", to)
	require.NoError(t, err)
	assert.Equal(t, 1, segments)

	s.Fail(200, `"3"`)
	segments, err = c.AnalyseNumberOfMessages(ctx, "T", to)
	require.NoError(t, err)
	assert.Equal(t, 3, segments, "a number in quotes")
	s.Fail(200, "GSM7")
	encoding, err = c.AnalyseEncoding(ctx, "T", to)
	require.NoError(t, err)
	assert.Equal(t, "GSM7", encoding, "plain text")
	for _, body := range []string{"", "null", "{}", "many"} {
		s.Fail(200, body)
		_, err = c.AnalyseNumberOfMessages(ctx, "T", to)
		require.ErrorIs(t, err, provider.Indeterminate, body)
	}
	s.Fail(400, `{"status":"BAD_REQUEST","code":3,"message":"Message empty"}`)
	_, err = c.Analyse(ctx, "", to)
	require.ErrorIs(t, err, provider.InvalidMessage)
	assert.Empty(t, s.Messages())
}

func TestAccount(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL)
	c, ctx := p.Client(), t.Context()
	created, err := c.CreateUser(ctx, newUser)
	require.NoError(t, err)
	assert.Equal(t, newUser.EmailAddress, created.EmailAddress)
	change := zoomconnect.NewUser{User: *created}
	change.FirstName = "C"
	updated, err := c.UpdateUser(ctx, change)
	require.NoError(t, err)
	assert.Equal(t, "C", updated.FirstName)
	found, err := c.FindUsers(ctx, newUser.EmailAddress)
	require.NoError(t, err)
	assert.Equal(t, []zoomconnect.User{*updated}, found)
	found, err = c.FindUsers(ctx, "nobody@example.com")
	require.NoError(t, err)
	assert.Empty(t, found)

	rich, err := c.Transfer(ctx, zoomconnecttest.Email, newUser.EmailAddress, provider.Money{Micros: 2_500_000, Currency: provider.Credits})
	require.NoError(t, err)
	assert.Equal(t, "2.5 credits", rich.CreditBalance.String())
	assert.Equal(t, "997.5 credits", s.Credits().String())
	again, err := c.User(ctx, created.UserID)
	require.NoError(t, err)
	assert.Equal(t, rich, again)

	_, err = c.User(ctx, 4711)
	require.ErrorIs(t, err, provider.Rejected)
	before := s.Requests()
	for _, amount := range []provider.Money{{}, {Micros: 1, Currency: "EUR"}, {Micros: -1, Currency: provider.Credits}} {
		_, err = c.Transfer(ctx, "a@example.com", "b@example.com", amount)
		require.ErrorContains(t, err, "numberOfCreditsToTransfer")
	}
	_, err = c.CreateUser(ctx, zoomconnect.NewUser{User: newUser.User})
	require.ErrorContains(t, err, "password: is required")
	_, err = c.UpdateUser(ctx, newUser)
	require.ErrorContains(t, err, "userId: is required")
	assert.Equal(t, before, s.Requests())
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", newUser, newUser, newUser), "p4ssw0rd")
}

func TestStatistics(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL)
	send(t, p, provider.Message{Tag: "spring"})
	delivered := send(t, p, provider.Message{Tag: "spring"})
	send(t, p, provider.Message{Tag: "autumn"})
	s.SetStatus(delivered, zoomconnect.StatusDelivered)
	got, err := p.Client().Statistics(t.Context(), zoomconnect.StatisticsFilter{
		Campaign: "spring", From: time.Date(2025, 11, 1, 22, 0, 0, 0, time.UTC), CreditValue: true,
	})
	require.NoError(t, err)
	assert.Equal(t, int64(1762034400000), got.From.UnixMilli(), "the second of November begins in South Africa")
	assert.True(t, got.ShowingCreditValue)
	want := zoomconnect.Counts{Delivered: "1", Sent: "1", Failed: "0", FailedRefunded: "0", FailedOptOut: "0", Total: "2"}
	assert.Equal(t, want, got.GrandTotal)
	require.Len(t, got.Users, 1)
	assert.Equal(t, zoomconnecttest.Email, got.Users[0].User.EmailAddress)
	assert.Equal(t, "spring", got.Users[0].Campaigns[0].Campaign)
	assert.Equal(t, want, got.Users[0].Campaigns[0].Statistics)
}

func TestContactsGroupsTemplates(t *testing.T) {
	s := newServer(t)
	c, ctx := open(t, s.URL).Client(), t.Context()
	var first zoomconnect.Contact
	for i := range zoomconnect.DefaultPageSize*2 + 1 {
		contact, err := c.CreateContact(ctx, zoomconnect.Contact{FirstName: fmt.Sprint("A", i), ContactNumber: "+27820000001"})
		require.NoError(t, err)
		if i == 0 {
			first = *contact
		}
	}
	all := collect(t, c.Contacts(ctx))
	require.Len(t, all, zoomconnect.DefaultPageSize*2+1, "all pages, each once")
	assert.Equal(t, first, all[0])

	first.LastName = "B"
	updated, err := c.UpdateContact(ctx, first)
	require.NoError(t, err)
	assert.Equal(t, &first, updated)
	got, err := c.Contact(ctx, first.ContactID)
	require.NoError(t, err)
	assert.Equal(t, &first, got)

	group, err := c.CreateGroup(ctx, "staff")
	require.NoError(t, err)
	in := func() []string { return s.GroupsOf(string(first.ContactID)) }
	require.NoError(t, c.AddContactToGroup(ctx, first.ContactID, group.GroupID))
	assert.Equal(t, []string{string(group.GroupID)}, in())
	require.NoError(t, c.RemoveContactFromGroup(ctx, first.ContactID, group.GroupID))
	assert.Empty(t, in())
	require.NoError(t, c.AddToGroup(ctx, group.GroupID, first.ContactID))
	assert.Len(t, in(), 1)
	require.NoError(t, c.RemoveFromGroup(ctx, group.GroupID, first.ContactID))
	assert.Empty(t, in())
	group.Name = "crew"
	renamed, err := c.UpdateGroup(ctx, *group)
	require.NoError(t, err)
	assert.Equal(t, group, renamed)
	same, err := c.Group(ctx, group.GroupID)
	require.NoError(t, err)
	assert.Equal(t, group, same)
	assert.Equal(t, []zoomconnect.Group{*group}, collect(t, c.Groups(ctx)))
	require.NoError(t, c.DeleteGroup(ctx, group.GroupID))
	assert.Empty(t, collect(t, c.Groups(ctx)))
	require.NoError(t, c.DeleteContact(ctx, first.ContactID))
	_, err = c.Contact(ctx, first.ContactID)
	require.ErrorIs(t, err, provider.Rejected)
	for _, id := range []zoomconnect.ID{"", ".", ".."} {
		require.ErrorIs(t, c.DeleteContact(ctx, id), provider.Rejected, "an id that is another address")
	}

	id := s.AddTemplate("welcome", "Welcome!")
	template, err := c.Template(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, &zoomconnect.Template{TemplateID: id, Name: "welcome", Data: "Welcome!"}, template)
	assert.Equal(t, []zoomconnect.Template{*template}, collect(t, c.Templates(ctx)))
	require.NoError(t, c.DeleteTemplate(ctx, id))
	require.ErrorIs(t, c.DeleteTemplate(ctx, id), provider.Rejected)
}

func TestListsThatLinkOddly(t *testing.T) {
	page := func(href string) string {
		return `{"webServiceGroups":[{"groupId":"1","name":"a"}],"links":[{"href":"` + href + `","rel":"next"}]}`
	}
	s := newServer(t)
	c, ctx := open(t, s.URL).Client(), t.Context()
	t.Run("in a circle", func(t *testing.T) {
		before := s.Requests()
		s.Fail(200, page("/x?page=2&pageSize=100"))
		s.Fail(200, page("/x?page=1&pageSize=100"))
		assert.Len(t, collect(t, c.Groups(ctx)), 2)
		assert.Equal(t, before+2, s.Requests())
	})
	t.Run("to another host", func(t *testing.T) {
		s.Fail(200, page("https://evil.example/steal?page=2&token=x"))
		assert.Len(t, collect(t, c.Groups(ctx)), 1, "the second page comes from the vendor, and is empty")
	})
	t.Run("no list", func(t *testing.T) {
		s.Fail(200, `{"links":[]}`)
		for _, err := range c.Groups(ctx) {
			require.ErrorIs(t, err, provider.Indeterminate)
		}
	})
	t.Run("refused", func(t *testing.T) {
		s.Fail(401, ``)
		for _, err := range c.Groups(ctx) {
			require.ErrorIs(t, err, provider.Unauthenticated)
		}
	})
}
