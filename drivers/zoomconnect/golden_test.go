package zoomconnect_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance/golden"
	"github.com/anysms/anysms/drivers/internal/drivertest"
	"github.com/anysms/anysms/drivers/zoomconnect"
	"github.com/anysms/anysms/drivers/zoomconnect/zoomconnecttest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// goldenCalls are the calls of the Client whose requests testdata/requests
// holds. What they answer is of no interest here.
var goldenCalls = map[string]func(context.Context, *zoomconnect.Client){
	"send": func(ctx context.Context, c *zoomconnect.Client) {
		_, _ = c.Send(ctx, zoomconnect.SMS{RecipientNumber: "+27820000001", Message: "Γειά & <b> \"x\" {KEY}\n👋"})
	},
	"send_all_fields": func(ctx context.Context, c *zoomconnect.Client) { _, _ = c.Send(ctx, fullSMS) },
	"send_bulk": func(ctx context.Context, c *zoomconnect.Client) {
		_, _ = c.SendBulk(ctx, zoomconnect.Bulk{
			Messages:          []zoomconnect.SMS{fullSMS, {RecipientNumber: "+27820000002", Message: "B"}},
			DefaultDateToSend: fullSMS.DateToSend.Add(time.Hour), MessagesPerMinute: 60,
		})
	},
	"send_url_parameters": func(ctx context.Context, c *zoomconnect.Client) { _, _ = c.SendURLParameters(ctx, fullSMS) },
	"send_url":            func(ctx context.Context, c *zoomconnect.Client) { _, _ = c.SendURL(ctx, fullSMS) },
	"balance":             func(ctx context.Context, c *zoomconnect.Client) { _, _ = c.Balance(ctx) },
	"statistics": func(ctx context.Context, c *zoomconnect.Client) {
		_, _ = c.Statistics(ctx, zoomconnect.StatisticsFilter{
			From: fullSMS.DateToSend, To: fullSMS.DateToSend.Add(48 * time.Hour), UserEmailAddress: "b@example.com",
			Campaign: "spring", IncludeRefundedOptOut: true, CreditValue: true,
		})
	},
	"transfer": func(ctx context.Context, c *zoomconnect.Client) {
		_, _ = c.Transfer(ctx, "a@example.com", "b@example.com", provider.Money{Micros: 2_500_000, Currency: provider.Credits})
	},
	"user":        func(ctx context.Context, c *zoomconnect.Client) { _, _ = c.User(ctx, 17) },
	"find_users":  func(ctx context.Context, c *zoomconnect.Client) { _, _ = c.FindUsers(ctx, "b+c@example.com") },
	"create_user": func(ctx context.Context, c *zoomconnect.Client) { _, _ = c.CreateUser(ctx, newUser) },
	"update_user": func(ctx context.Context, c *zoomconnect.Client) {
		u := newUser
		u.UserID = 17
		_, _ = c.UpdateUser(ctx, u)
	},
	"list_messages": func(ctx context.Context, c *zoomconnect.Client) {
		yes, no := true, false
		_, _ = c.ListMessages(ctx, zoomconnect.Filter{
			Type: zoomconnect.Inbound, Status: zoomconnect.StatusDelivered,
			SentFrom: fullSMS.DateToSend, SentTo: fullSMS.DateToSend, ReceivedFrom: fullSMS.DateToSend, ReceivedTo: fullSMS.DateToSend,
			FromNumber: "+27820000001", ToNumber: "27", Message: "a b", Campaign: "spring", DataField: "order-17",
			Deleted: &no, Read: &yes, RepliesTo: "5b37", PageSize: 25,
		}, 3)
	},
	"message":        func(ctx context.Context, c *zoomconnect.Client) { _, _ = c.Message(ctx, "a/b c") },
	"delete_message": func(ctx context.Context, c *zoomconnect.Client) { _ = c.DeleteMessage(ctx, "5b37") },
	"mark_read":      func(ctx context.Context, c *zoomconnect.Client) { _ = c.MarkRead(ctx, "5b37") },
	"mark_unread":    func(ctx context.Context, c *zoomconnect.Client) { _ = c.MarkUnread(ctx, "5b37") },
	"analyse":        func(ctx context.Context, c *zoomconnect.Client) { _, _ = c.Analyse(ctx, "<é>", "+27820000001") },
	"contacts": func(ctx context.Context, c *zoomconnect.Client) {
		for range c.Contacts(ctx) {
			break
		}
	},
	"create_contact": func(ctx context.Context, c *zoomconnect.Client) {
		_, _ = c.CreateContact(ctx, zoomconnect.Contact{ContactNumber: "+27820000001", FirstName: "A", LastName: "B", Title: "Dr"})
	},
	"update_contact": func(ctx context.Context, c *zoomconnect.Client) {
		_, _ = c.UpdateContact(ctx, zoomconnect.Contact{ContactID: "7", FirstName: "A"})
	},
	"add_contact_to_group":      func(ctx context.Context, c *zoomconnect.Client) { _ = c.AddContactToGroup(ctx, "7", "8") },
	"remove_contact_from_group": func(ctx context.Context, c *zoomconnect.Client) { _ = c.RemoveContactFromGroup(ctx, "7", "8") },
	"create_group":              func(ctx context.Context, c *zoomconnect.Client) { _, _ = c.CreateGroup(ctx, "staff") },
	"add_to_group":              func(ctx context.Context, c *zoomconnect.Client) { _ = c.AddToGroup(ctx, "8", "7") },
	"remove_from_group":         func(ctx context.Context, c *zoomconnect.Client) { _ = c.RemoveFromGroup(ctx, "8", "7") },
	"template":                  func(ctx context.Context, c *zoomconnect.Client) { _, _ = c.Template(ctx, 9) },
	"delete_template":           func(ctx context.Context, c *zoomconnect.Client) { _ = c.DeleteTemplate(ctx, 9) },
}

var fullSMS = zoomconnect.SMS{
	RecipientNumber: "+27820000001", Message: "Test message", Campaign: "spring", DataField: "order-17",
	DateToSend: time.Date(2030, 1, 31, 22, 30, 0, 0, time.UTC), // the next day in South Africa
}

var newUser = zoomconnect.NewUser{
	User:     zoomconnect.User{FirstName: "A", LastName: "B", EmailAddress: "b@example.com", ContactNumber: "27820000001"},
	Password: "p4ssw0rd",
}

// TestRequests compares what is sent, byte for byte, with
// testdata/requests.
func TestRequests(t *testing.T) {
	for name, call := range goldenCalls {
		t.Run(name, func(t *testing.T) { checkRequest(t, name, zoomconnect.AuthHeaders, call) })
	}
	for _, auth := range []string{zoomconnect.AuthBasic, zoomconnect.AuthQuery} {
		t.Run("auth_"+auth, func(t *testing.T) { checkRequest(t, "auth_"+auth, auth, goldenCalls["send"]) })
	}
}

func checkRequest(t *testing.T, name, auth string, call func(context.Context, *zoomconnect.Client)) {
	t.Helper()
	vendor := drivertest.NewRecorder(t, "")
	c, err := zoomconnect.NewClient(zoomconnect.Config{
		Email: zoomconnecttest.Email, Token: zoomconnecttest.Token, URLToken: zoomconnecttest.URLToken, Auth: auth,
		Config: httpcall.Config{BaseURL: vendor.URL + "/app"},
	})
	require.NoError(t, err)
	defer c.Close()
	call(t.Context(), c)
	golden.Check(t, filepath.Join("testdata", "requests", name+".http"), vendor.Request(t))
}
