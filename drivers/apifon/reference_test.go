package apifon_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/apifon"
)

// The files of testdata/answers are the responses in docs.apifon.com/apireference,
// with the commas, quotes and braces that make them JSON.
func answer(t testing.TB, name string) string {
	body, err := os.ReadFile(filepath.Join("testdata", "answers", name+".json"))
	require.NoError(t, err)
	return string(body)
}

func TestResponsesOfTheReference(t *testing.T) {
	server, p := open(t)
	ctx, c := context.Background(), p.Client()
	reply := func(t *testing.T, name string) { server.Fail(200, answer(t, name)) }
	sms := apifon.Text{Text: "x", SenderID: "Example"}
	to := []apifon.Recipient{{Number: "306999999999"}}
	lp := map[string]apifon.ShortenedURL{"apifon_lp": {ShortCode: "123456", ShortURL: "https://apfn.eu/123456"}}
	created := time.UnixMilli(1558612507988).UTC()

	t.Run("sms_send", func(t *testing.T) {
		reply(t, "sms_send")
		got, err := c.SendSMS(ctx, apifon.SMS{Recipients: to, Message: sms})
		require.NoError(t, err)
		assert.Equal(t, "Campaign #215", got.Reference)
		assert.Equal(t, []apifon.MessageResult{{
			MessageID: "e2d4424d-7d6a-49c2-b564-99b2b68c74cb", CustomID: "222", Length: 11,
			ShortCode: "123456", ShortURL: "https://apfn.eu/123456", LandingPages: lp,
		}}, got.Of("306999999999"))
	})
	t.Run("im_send", func(t *testing.T) {
		reply(t, "im_send")
		got, err := c.SendIM(ctx, apifon.IM{Recipients: to, Channels: []apifon.Channel{{Text: "x"}}})
		require.NoError(t, err)
		assert.Equal(t, "ccb9111f-9ea0-4e01-882f-f72ee502e779", got.RequestID)
		assert.Equal(t, 80, got.Of("306999999999")[0].Length)
	})
	t.Run("otp_create", func(t *testing.T) {
		reply(t, "otp_create")
		got, err := c.CreateOTP(ctx, apifon.OTP{ReferenceID: "OTP-944706", Number: "306999999999"})
		require.NoError(t, err)
		assert.Equal(t, "OTP-944706", got.ReferenceID)
		assert.Equal(t, 37, got.Result[0].Length)
	})
	t.Run("otp_verify", func(t *testing.T) {
		reply(t, "otp_verify")
		got, err := c.VerifyOTP(ctx, "OTP-944706", "862994")
		require.NoError(t, err)
		assert.Equal(t, apifon.ResultInfo{StatusCode: apifon.OTPValid, Description: "Valid"}, got.ResultInfo)
	})
	t.Run("balance", func(t *testing.T) {
		reply(t, "balance")
		got, err := c.Balance(ctx)
		require.NoError(t, err)
		assert.Equal(t, apifon.Decimal("9864.0"), got.Balance)
		assert.Equal(t, time.Date(2018, 6, 30, 23, 59, 59, 0, time.UTC), got.Subscriptions[0].Ends())
	})
	t.Run("bounce_list", func(t *testing.T) {
		reply(t, "bounce_list")
		got, err := c.BlockedPage(ctx, apifon.BlockedFilter{})
		require.NoError(t, err)
		assert.Equal(t, apifon.PageMeta{Page: 1, Size: 50, Total: 160}, got.Meta)
		assert.Contains(t, got.Links.Next, "page=2")
		assert.Equal(t, "e7c7c847a2c5f0e6502bd9191f54586b", got.Results[0].Meta.ETag)
	})
	t.Run("bounce_get", func(t *testing.T) {
		reply(t, "bounce_get")
		got, err := c.GetBlocked(ctx, "306999999999", apifon.Read{})
		require.NoError(t, err)
		assert.Equal(t, apifon.Blocked{
			Meta: apifon.Meta{ETag: "e7c7c847a2c5f0e6502bd9191f54586b"}, Destination: "306999999999", Type: apifon.Mobile,
			Reason: apifon.BlockedOther, User: "API", Description: "Blocked from API", DateCreated: apifon.Millis{Time: created},
		}, *got)
	})
	t.Run("bounce_query", func(t *testing.T) {
		reply(t, "bounce_query")
		got, err := c.QueryBlockedPage(ctx, apifon.Query{})
		require.NoError(t, err)
		assert.Equal(t, "306999999999", got.Results[0].Destination)
	})
	t.Run("list_list", func(t *testing.T) {
		reply(t, "list_list")
		got, err := c.ListsPage(ctx, apifon.Paging{})
		require.NoError(t, err)
		assert.Equal(t, "Apifon List API", got.Results[0].Title)
	})
	t.Run("list_get", func(t *testing.T) {
		reply(t, "list_get")
		got, err := c.GetList(ctx, "5ce4fcef7ed5cc3898208e67", apifon.Read{})
		require.NoError(t, err)
		assert.Equal(t, "0c06d1eb393d353aed62d94c7157bd38", got.Meta.ETag, "spelled ETag here")
		assert.Equal(t, 195, got.ActiveSubscribers)
		assert.Equal(t, apifon.FieldType("Text"), got.SubscriberFields[1].Type, "an unknown word is kept")
		assert.Equal(t, apifon.DayMonthYearSlash, got.SubscriberFields[0].DateFormat)
		assert.True(t, *got.GDPRFields[0].Mobile)
		assert.Equal(t, "API_GROUP_OPTION_3", got.Groups[0].Subgroups[1].Name)
		assert.Contains(t, got.FormURLs, "SUBSCRIBE")
	})
	t.Run("group_get", func(t *testing.T) {
		reply(t, "group_get")
		got, err := c.GetGroup(ctx, "l", "g")
		require.NoError(t, err)
		assert.Equal(t, apifon.Horizontal, got.Orientation)
	})
	t.Run("subgroup_get", func(t *testing.T) {
		reply(t, "subgroup_get")
		got, err := c.GetSubgroup(ctx, "l", "g", "o")
		require.NoError(t, err)
		assert.Equal(t, "API_GROUP_OPTION_3", got.Name)
	})
	t.Run("subscriber_list", func(t *testing.T) {
		reply(t, "subscriber_list")
		got, err := c.SubscribersPage(ctx, "l", apifon.SubscriberFilter{})
		require.NoError(t, err)
		require.Len(t, got.Results, 2)
		assert.Len(t, got.Results[1].Subgroups, 3)
	})
	t.Run("subscriber_get", func(t *testing.T) {
		reply(t, "subscriber_get")
		got, err := c.GetSubscriber(ctx, "l", "k", apifon.Read{})
		require.NoError(t, err)
		assert.Equal(t, apifon.SubscriberKey("+306999999999"), got.DestinationID)
		assert.InDelta(t, int64(1558533285000), got.SubscriberFields["date_BIRTHDAY"], 0)
		assert.False(t, got.GDPRFields["PROMOTION"].Mobile)
	})
	t.Run("subscriber_query", func(t *testing.T) {
		reply(t, "subscriber_query")
		got, err := c.QuerySubscribersPage(ctx, "l", apifon.Query{})
		require.NoError(t, err)
		assert.Len(t, got.Results, 4)
	})
	for name, status := range map[string]int{"error_400": 400, "error_401": 401} {
		t.Run(name, func(t *testing.T) {
			server.Fail(status, answer(t, name))
			_, err := c.Balance(ctx)
			said := new(apifon.APIError)
			require.ErrorAs(t, err, &said)
			assert.Equal(t, status, said.HTTPStatus)
			assert.NotEmpty(t, said.ReportCode)
		})
	}
}
