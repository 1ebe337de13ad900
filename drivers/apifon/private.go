package apifon

// private lists the texts and numbers of a request, which the vendor may repeat in
// its errors.

func (s SMS) private() []string {
	return append(numbers(s.Recipients), s.Message.Text)
}

func (m IM) private() []string {
	all := numbers(m.Recipients)
	if m.Failover != nil {
		all = append(all, m.Failover.Text)
	}
	for _, c := range m.Channels {
		all = append(all, c.Text, c.ExpiryText)
		for _, v := range c.Videos {
			all = append(all, v.Caption)
		}
	}
	return all
}

func (o OTP) private() []string {
	all := []string{o.Number}
	if o.Message != nil {
		all = append(all, o.Message.Text)
	}
	for _, c := range o.Channels {
		all = append(all, c.Text)
	}
	return all
}

// numbers lists the recipients' numbers, and the values for their texts.
func numbers(recipients []Recipient) []string {
	var all []string
	for _, r := range recipients {
		all = append(all, r.Number)
		for _, value := range r.Params {
			all = append(all, value)
		}
	}
	return all
}
