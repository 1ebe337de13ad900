package apifon_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance/golden"
	"github.com/anysms/anysms/drivers/apifon"
)

// TestGoldenRequests makes every call of the reference once against the fake,
// which judges it, and compares the request with a file that a reviewer can hold
// beside the reference.
func TestGoldenRequests(t *testing.T) {
	at := apifon.Time{Time: time.Date(2030, 2, 6, 12, 43, 23, 0, time.UTC)}
	no, yes := false, true
	ann := []apifon.Recipient{{
		Number: "306900000001", CustomID: "c-1", Params: map[string]string{"name": "Ann"},
		Landings: map[string]apifon.Landing{"apifon_lp": {URL: "https://shop.example/", Data: map[string]string{"name": "Ann"}, Redirect: &no, Method: "POST", PreventSysParams: true, Domain: "https://go.example", EnableTracking: &yes}},
	}}
	plain := []apifon.Recipient{{Number: "306900000001", CustomID: "c-1"}}
	sms := apifon.Text{Text: "Hi {name}! {apifon_lp}", SenderID: "Example"}
	contact := apifon.Contact{
		Destination: "+306900000001", Email: "ann@a.example", Status: apifon.Subscribed, EmailStatus: apifon.Unsubscribed,
		SubscriberFields: map[string]any{"date_BIRTHDAY": int64(1560902400000), "NAME": "Ann"},
		GDPRFields:       map[string]apifon.Consent{"PROMOTION": {Mobile: true}},
	}
	key := apifon.SubscriberKey("+306900000001")
	settings := apifon.ListSettings{
		Title: "Customers", Description: "All of them", Prefix: "+30",
		CampaignDefaults: &apifon.CampaignDefaults{SenderID: "Example", ViberSenderID: "ExampleIM", SenderName: "Example", From: "a@a.example", ReplyTo: "b@a.example"},
		GDPRProperties:   &apifon.GDPRProperties{Compliant: true, LegalText: "Legal", Title: "Purposes", Description: "We write"},
		DoubleOptIn:      &apifon.DoubleOptIn{Mobile: true, ReviewMobileDetails: true},
	}
	birthday := apifon.SubscriberField{Name: "Birthday", Type: apifon.DateField, Length: 20, DateFormat: apifon.DayMonthYearSlash}
	food := apifon.Group{Name: "Food", Selection: apifon.MultipleSelection, Orientation: apifon.DropdownList}
	query := apifon.Query{
		Conditions: []apifon.Condition{{Field: "destination", Op: apifon.BeginsWith, Value: "30690"}, {Field: "date_created", Op: apifon.Exists}},
		Paging:     apifon.Paging{Fields: []string{"destination", "date_created"}, Sort: "destination", Descending: true, Page: 1, Size: 200},
	}
	paging := apifon.Paging{Fields: []string{"meta"}, Page: 1, Size: 10, Sort: "date_created", Descending: true}

	server, p := open(t)
	ctx, c := context.Background(), p.Client()
	var list, group, option string
	calls := []struct {
		name string
		call func() error
	}{
		{"sms_send", func() error {
			_, err := c.SendSMS(ctx, apifon.SMS{Recipients: ann, ReferenceID: "batch-7", Message: sms, CallbackURL: "https://hooks.example/dlr", TTE: apifon.TTE{For: 24 * time.Hour}, Date: at})
			return err
		}},
		{"sms_send_simple", func() error {
			_, err := c.SendSMS(ctx, apifon.SMS{Recipients: []apifon.Recipient{{Number: "306900000001"}}, Message: apifon.Text{Text: "Hello <There> & \"you\"!", SenderID: "Example"}})
			return err
		}},
		{"sms_send_until", func() error {
			_, err := c.SendSMS(ctx, apifon.SMS{Recipients: plain, Message: apifon.Text{Text: "Καλημέρα", DataCoding: apifon.UCS2, SenderID: "Example"}, TTE: apifon.TTE{Until: at.Add(time.Hour)}, Date: at})
			return err
		}},
		{"sms_remove", func() error { _, err := c.RemoveSMS(ctx, "q-1"); return err }},
		{"sms_remove_reference", func() error { _, err := c.RemoveSMSByReference(ctx, "batch-7"); return err }},
		{"im_send", func() error {
			_, err := c.SendIM(ctx, apifon.IM{
				Recipients: ann, ReferenceID: "batch-8", Failover: &sms, CallbackURL: "https://hooks.example/dlr", ReplyURL: "https://hooks.example/reply", Date: at,
				Channels: []apifon.Channel{{ID: "viber", SenderID: "ExampleIM", Text: "{name}, 50% off", Images: []string{"https://i.example/a.jpg"},
					Actions: []apifon.Action{{Title: "Renew", TargetURL: "https://shop.example/renew"}}, TTL: 86400, ExpiryText: "Offer ended", DeviceTarget: apifon.AllDevices}},
			})
			return err
		}},
		{"im_send_video", func() error {
			_, err := c.SendIM(ctx, apifon.IM{Recipients: plain, Channels: []apifon.Channel{{Text: "Look", Videos: []apifon.Video{{
				URL: "https://v.example/v.mp4", ContentLength: 912534, Duration: 15, ThumbnailURL: "https://v.example/t.png", ContentType: "mp4", Caption: "Watch",
			}}}}})
			return err
		}},
		{"im_file", func() error {
			_, err := c.SendIMFile(ctx, apifon.IMFile{Recipients: plain, ReferenceID: "r", CallbackURL: "https://hooks.example/dlr", ReplyURL: "https://hooks.example/reply", Date: at,
				Channels: []apifon.FileChannel{{ID: "viber", SenderID: "ExampleIM", Name: "myFile.pdf", Type: "pdf", URL: "https://f.example/s.pdf", TTL: 30}}})
			return err
		}},
		{"im_remove", func() error { _, err := c.RemoveIM(ctx, "q-1"); return err }},
		{"im_remove_reference", func() error { _, err := c.RemoveIMByReference(ctx, "batch-8"); return err }},
		{"otp_create", func() error {
			_, err := c.CreateOTP(ctx, apifon.OTP{
				ReferenceID: "OTP 1", Number: "306900000001", CodeLength: 8, CodeType: apifon.Alpha, CallbackURL: "https://hooks.example/dlr", Expire: 200,
				Message:  &apifon.Text{Text: "Code: {apifon_otp}", SenderID: "Example"},
				Channels: []apifon.OTPChannel{{Text: "Code: {apifon_otp}", SenderID: "ExampleIM", TTL: 150, DeviceTarget: apifon.SmartphoneOnly}},
			})
			return err
		}},
		{"otp_create_simple", func() error {
			_, err := c.CreateOTP(ctx, apifon.OTP{ReferenceID: "OTP-2", Number: "306900000001"})
			return err
		}},
		{"otp_verify", func() error { _, err := c.VerifyOTP(ctx, "OTP 1", "a/b"); return err }},
		{"balance", func() error { _, err := c.Balance(ctx); return err }},
		{"bounce_block", func() error {
			return c.Block(ctx, apifon.Block{Destination: "c@a.example", Reason: apifon.BlockedRequested, Description: "asked"})
		}},
		{"bounce_list", func() error {
			_, err := c.BlockedPage(ctx, apifon.BlockedFilter{Type: apifon.Email, Reason: apifon.BlockedRequested, Paging: paging})
			return err
		}},
		{"bounce_get", func() error {
			_, err := c.GetBlocked(ctx, "c@a.example", apifon.Read{Fields: []string{"destination", "reason"}})
			return err
		}},
		{"bounce_query", func() error { _, err := c.QueryBlockedPage(ctx, query); return err }},
		{"bounce_unblock", func() error { return c.Unblock(ctx, "c@a.example") }},
		{"list_add", func() (err error) { list, err = c.AddList(ctx, apifon.NewList{ListSettings: settings}); return err }},
		{"list_list", func() error { _, err := c.ListsPage(ctx, paging); return err }},
		{"list_get", func() error { _, err := c.GetList(ctx, list, apifon.Read{Fields: []string{"id"}}); return err }},
		{"list_update", func() error { return c.UpdateList(ctx, list, apifon.ListSettings{Title: "C", Prefix: "+30"}) }},
		{"field_add", func() error { _, err := c.AddSubscriberField(ctx, list, birthday); return err }},
		{"field_add_text", func() error {
			_, err := c.AddSubscriberField(ctx, list, apifon.SubscriberField{Name: "Name", Type: apifon.TextField, Length: 25})
			return err
		}},
		{"field_update", func() error {
			return c.UpdateSubscriberField(ctx, list, "date_BIRTHDAY", apifon.SubscriberField{Name: "Birth", Length: 10, Internal: true})
		}},
		{"gdpr_add", func() error {
			_, err := c.AddGDPRField(ctx, list, apifon.GDPRField{Name: "Promotion", Description: "Adverts"})
			return err
		}},
		{"gdpr_update", func() error {
			return c.UpdateGDPRField(ctx, list, "PROMOTION", apifon.GDPRField{Name: "Promotions"})
		}},
		{"group_add", func() (err error) { group, err = c.AddGroup(ctx, list, food); return err }},
		{"group_get", func() error { _, err := c.GetGroup(ctx, list, group); return err }},
		{"group_update", func() error { return c.UpdateGroup(ctx, list, group, apifon.Group{Name: "Drinks", Internal: true}) }},
		{"subgroup_add", func() (err error) { option, err = c.AddSubgroup(ctx, list, group, "Tea"); return err }},
		{"subgroup_add_many", func() error { return c.AddSubgroups(ctx, list, group, "Coffee", "Water") }},
		{"subgroup_get", func() error { _, err := c.GetSubgroup(ctx, list, group, option); return err }},
		{"subgroup_update", func() error { return c.UpdateSubgroup(ctx, list, group, option, "Green tea") }},
		{"subscriber_add", func() error { return c.AddSubscriber(ctx, list, contact) }},
		{"subscriber_add_many", func() error { return c.AddSubscribers(ctx, list, []apifon.Contact{contact}, true) }},
		{"subscriber_update", func() error { return c.UpdateSubscriber(ctx, list, key, contact) }},
		{"subscriber_list", func() error {
			_, err := c.SubscribersPage(ctx, list, apifon.SubscriberFilter{Status: apifon.Subscribed, EmailStatus: apifon.Unsubscribed, Paging: paging})
			return err
		}},
		{"subscriber_get", func() error { _, err := c.GetSubscriber(ctx, list, key, apifon.Read{}); return err }},
		{"subscriber_query", func() error { _, err := c.QuerySubscribersPage(ctx, list, query); return err }},
		{"subscriber_subscribe", func() error { return c.Subscribe(ctx, list, key) }},
		{"subscriber_unsubscribe", func() error { return c.Unsubscribe(ctx, list, key) }},
		{"subscriber_archive", func() error { return c.RemoveSubscriber(ctx, list, key, false) }},
		{"subscriber_remove", func() error { return c.RemoveSubscriber(ctx, list, key, true) }},
		{"subgroup_remove", func() error { return c.RemoveSubgroup(ctx, list, group, option) }},
		{"group_remove", func() error { return c.RemoveGroup(ctx, list, group) }},
		{"field_remove", func() error { return c.RemoveSubscriberField(ctx, list, "date_BIRTHDAY") }},
		{"list_remove", func() error { return c.RemoveList(ctx, list) }},
	}
	for i, tt := range calls {
		t.Run(tt.name, func(t *testing.T) {
			require.NoError(t, tt.call())
			made := server.Calls()
			require.Len(t, made, i+1, "one call is one request")
			got := fmt.Sprintf("%s %s\n\n%s\n", made[i].Method, made[i].Target, made[i].Body)
			golden.Check(t, filepath.Join("testdata", "requests", tt.name+".txt"), got)
		})
	}
}

func TestLandingPages(t *testing.T) {
	_, p := open(t)
	result, err := p.Client().SendSMS(t.Context(), apifon.SMS{
		Recipients: []apifon.Recipient{{Number: "306900000001", Landings: map[string]apifon.Landing{"apifon_lp_a": {URL: "https://a.example"}}}},
		Message:    apifon.Text{Text: "see {apifon_lp_a}", SenderID: "Example"},
	})
	require.NoError(t, err)
	page := result.Of("306900000001")[0].LandingPages["apifon_lp_a"]
	assert.Equal(t, "https://apfn.eu/"+page.ShortCode, page.ShortURL)
}

func TestFieldErrors(t *testing.T) {
	ok := []apifon.Recipient{{Number: "306900000001"}}
	text := apifon.Text{Text: "x", SenderID: "Example"}
	landing := func(key string, l apifon.Landing) []apifon.Recipient {
		return []apifon.Recipient{{Number: "306900000001", Landings: map[string]apifon.Landing{key: l}}}
	}
	file := func(f apifon.FileChannel) apifon.IMFile {
		return apifon.IMFile{Recipients: ok, Channels: []apifon.FileChannel{f}}
	}
	server, p := open(t)
	ctx, c := t.Context(), p.Client()
	sms := func(s apifon.SMS) error { _, err := c.SendSMS(ctx, s); return err }
	im := func(i apifon.IM) error { _, err := c.SendIM(ctx, i); return err }
	imFile := func(f apifon.IMFile) error { _, err := c.SendIMFile(ctx, f); return err }
	otp := func(o apifon.OTP) error { _, err := c.CreateOTP(ctx, o); return err }
	tests := []struct {
		field string
		err   error
	}{
		{"subscribers", sms(apifon.SMS{Message: text})},
		{"subscribers[0].number", sms(apifon.SMS{Recipients: []apifon.Recipient{{Number: "+306900000001"}}, Message: text})},
		{"subscribers[0].params", sms(apifon.SMS{Recipients: landing("page", apifon.Landing{URL: "u"}), Message: text})},
		{"subscribers[0].params.apifon_lp.url", sms(apifon.SMS{Recipients: landing("apifon_lp", apifon.Landing{}), Message: text})},
		{"subscribers[0].params.apifon_lp.method", sms(apifon.SMS{Recipients: landing("apifon_lp", apifon.Landing{URL: "u", Method: "POST"}), Message: text})},
		{"subscribers[0].params.apifon_lp.method", sms(apifon.SMS{Recipients: landing("apifon_lp", apifon.Landing{URL: "u", Method: "PUT"}), Message: text})},
		{"subscribers[0].params.apifon_lp.landing_domain", sms(apifon.SMS{Recipients: landing("apifon_lp", apifon.Landing{URL: "u", Domain: "go.example"}), Message: text})},
		{"reference_id", sms(apifon.SMS{Recipients: ok, Message: text, ReferenceID: strings.Repeat("ω", 256)})},
		{"message.text", sms(apifon.SMS{Recipients: ok})},
		{"message.dc", sms(apifon.SMS{Recipients: ok, Message: apifon.Text{Text: "x", DataCoding: 3, SenderID: "Example"}})},
		{"message.sender_id", sms(apifon.SMS{Recipients: ok, Message: apifon.Text{Text: "x"}})},
		{"callback_url", sms(apifon.SMS{Recipients: ok, Message: text, CallbackURL: "http://hooks.example"})},
		{"tte", sms(apifon.SMS{Recipients: ok, Message: text, TTE: apifon.TTE{For: time.Hour, Until: time.Now()}})},
		{"tte", sms(apifon.SMS{Recipients: ok, Message: text, TTE: apifon.TTE{Until: time.Now().Add(49 * time.Hour)}})},
		{"reply_url", im(apifon.IM{Recipients: ok, ReplyURL: "x"})},
		{"message.text", im(apifon.IM{Recipients: ok, Failover: &apifon.Text{}})},
		{"im_channels", im(apifon.IM{Recipients: ok})},
		{"im_channels", imFile(apifon.IMFile{Recipients: ok})},
		{"subscribers[0].params", imFile(apifon.IMFile{Recipients: []apifon.Recipient{{Number: "306900000001", Params: map[string]string{"a": "b"}}}})},
		{"im_channels[0].file_name", imFile(file(apifon.FileChannel{Type: "pdf", URL: "https://f.example"}))},
		{"im_channels[0].file_name", imFile(file(apifon.FileChannel{Name: strings.Repeat("x", 26), Type: "pdf", URL: "https://f.example"}))},
		{"im_channels[0].file_type", imFile(file(apifon.FileChannel{Name: "x", Type: ".pdf", URL: "https://f.example"}))},
		{"im_channels[0].file_url", imFile(file(apifon.FileChannel{Name: "x", Type: "pdf"}))},
		{"im_channels[0].ttl", imFile(file(apifon.FileChannel{Name: "x", Type: "pdf", URL: "https://f.example", TTL: 29}))},
		{"reference_id", otp(apifon.OTP{Number: "306900000001"})},
		{"subscriber", otp(apifon.OTP{ReferenceID: "r", Number: "0306900000001"})},
		{"code_type", otp(apifon.OTP{ReferenceID: "r", Number: "306900000001", CodeType: "emoji"})},
		{"expire", otp(apifon.OTP{ReferenceID: "r", Number: "306900000001", Expire: -1})},
		{"im_channels[0].ttl", otp(apifon.OTP{ReferenceID: "r", Number: "306900000001", Channels: []apifon.OTPChannel{{Text: "{apifon_otp}", TTL: 29}}})},
		{"destination", c.Block(ctx, apifon.Block{Reason: apifon.BlockedOther})},
		{"reason", c.Block(ctx, apifon.Block{Destination: "306900000001", Reason: "because"})},
		{"destination", c.Unblock(ctx, "")},
		{"prefix", func() error {
			_, err := c.AddList(ctx, apifon.NewList{ListSettings: apifon.ListSettings{Title: "x"}})
			return err
		}()},
		{"type", func() error { _, err := c.AddList(ctx, apifon.NewList{Type: "SIMPLE"}); return err }()},
		{"gdpr_properties.title", c.UpdateList(ctx, "l", apifon.ListSettings{Title: "x", Prefix: "+30", GDPRProperties: &apifon.GDPRProperties{LegalText: "x"}})},
		{"double_optin.review_mobile_details", c.UpdateList(ctx, "l", apifon.ListSettings{Title: "x", Prefix: "+30", DoubleOptIn: &apifon.DoubleOptIn{ReviewMobileDetails: true}})},
		{"campaign_defaults.sender_id", c.UpdateList(ctx, "l", apifon.ListSettings{Title: "x", Prefix: "+30", CampaignDefaults: &apifon.CampaignDefaults{SenderID: "Twelve chars"}})},
		{"length", c.UpdateSubscriberField(ctx, "l", "f", apifon.SubscriberField{Name: "x", Length: 257})},
		{"date_format", c.UpdateSubscriberField(ctx, "l", "f", apifon.SubscriberField{Name: "x", Length: 1, DateFormat: "yyyy"})},
		{"date_format", c.UpdateSubscriberField(ctx, "l", "f", apifon.SubscriberField{Name: "x", Length: 1, Type: apifon.TextField, DateFormat: apifon.DayMonthYearDash})},
		{"selectionType", c.UpdateGroup(ctx, "l", "g", apifon.Group{Name: "x", Selection: "ALL"})},
		{"name[1]", c.AddSubgroups(ctx, "l", "g", "a", "")},
		{"list_id", c.RemoveList(ctx, "")},
		{"destination", c.AddSubscriber(ctx, "l", apifon.Contact{})},
		{"subscribers[0].email_status", c.AddSubscribers(ctx, "l", []apifon.Contact{{Email: "a@a.example", Status: apifon.Subscribed}}, false)},
		{"size", func() error {
			_, err := c.QueryBlockedPage(ctx, apifon.Query{Paging: apifon.Paging{Size: 201}})
			return err
		}()},
		{"conditions[0].op", func() error {
			_, err := c.QueryBlockedPage(ctx, apifon.Query{Conditions: []apifon.Condition{{Field: "x", Op: "like"}}})
			return err
		}()},
	}
	for _, tt := range tests {
		wrong := new(apifon.FieldError)
		if assert.ErrorAs(t, tt.err, &wrong, tt.field) {
			assert.Equal(t, tt.field, wrong.Field)
			assert.NotContains(t, tt.err.Error(), "306900000001")
		}
	}
	assert.Zero(t, server.Requests())
}
