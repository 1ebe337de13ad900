package zoomconnect_test

import (
	"testing"

	"github.com/anysms/anysms/drivers/internal/drivertest"
	"github.com/anysms/anysms/drivers/zoomconnect"
)

func TestConfig(t *testing.T) {
	const least = `"email":"user@example.com","token":"t0ken"`
	tests := []struct {
		name, settings string
		path, want     string // "" = good
	}{
		{"the least", least, "", ""},
		{"all", least + `,"url_token":"u","auth":"basic","campaign":"c","number_format":"digits","time_zone":"-03:30","max_batch":7,"messages_per_minute":60,"inbox_overlap":"1h","errors":{"4":"no_route"},"callback_secret":"s","timeout":"5s"`, "", ""},
		{"no email", `"token":"t0ken"`, "email", "want the account's e-mail address"},
		{"email with a colon", `"email":"a:b@example.com","token":"t0ken"`, "email", "want the account's"},
		{"no token", `"email":"user@example.com"`, "token", "is missing"},
		{"token with a line end", `"email":"user@example.com","token":"t0ken\n"`, "token", "line end"},
		{"auth", least + `,"auth":"digest"`, "auth", "want headers, basic or query"},
		{"number format", least + `,"number_format":"local"`, "number_format", "want e164 or digits"},
		{"time zone", least + `,"time_zone":"Africa/Nowhere"`, "time_zone", "want an offset"},
		{"batch", least + `,"max_batch":-1`, "max_batch", "want a number"},
		{"pace", least + `,"messages_per_minute":-1`, "messages_per_minute", "negative"},
		{"overlap", least + `,"inbox_overlap":"-1s"`, "inbox_overlap", "negative"},
		{"errors", least + `,"errors":{"4":"nonsense"}`, "errors", "want one of"},
		{"errors of nothing", least + `,"errors":{"":"no_route"}`, "errors", "want one of"},
		{"address", least + `,"base_url":"http://www.zoomconnect.com/app"`, "base_url", "plain http"},
		{"unknown", least + `,"sender":"x"`, "sender", "unknown key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			drivertest.CheckSettings(t, zoomconnect.Driver, "{"+tt.settings+"}", tt.path, tt.want, "t0ken")
		})
	}
}
