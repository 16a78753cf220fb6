package chart_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/internal/chart"
)

// sample is a table with what is known of it, and the kind of chart that a
// person would draw.
type sample struct {
	name string
	want chart.Kind
	t    chart.Table
	h    chart.Hints
}

// cols reads columns: "name:type", then ":unit", ":role", ":sums", ":title".
func cols(spec ...string) (out []chart.Column) {
	for _, s := range spec {
		p := append(strings.Split(s, ":"), "", "", "", "", "")
		out = append(out, chart.Column{Name: p[0], Type: p[1], Unit: p[2], Role: chart.Role(p[3]), Sums: p[4], Title: p[5]})
	}
	return out
}

// table reads rows: one a line, cells apart by |, an empty one is null.
func table(c []chart.Column, text string) chart.Table {
	t := chart.Table{Columns: c}
	for line := range strings.Lines(strings.TrimSpace(text)) {
		var row []any
		for i, cell := range strings.Split(strings.TrimSpace(line), "|") {
			cell = strings.TrimSpace(cell)
			n, err := strconv.ParseFloat(cell, 64)
			switch {
			case cell == "":
				row = append(row, nil)
			case (c[i].Type == "integer" || c[i].Type == "number") && err == nil:
				row = append(row, n)
			case c[i].Type == "boolean":
				row = append(row, cell == "true")
			default:
				row = append(row, cell)
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func q(question string) chart.Hints { return chart.Hints{Question: question} }

func titled(title, question string) chart.Hints { return chart.Hints{Title: title, Question: question} }

func rows(n int, f func(i int) []any) (out [][]any) {
	for i := range n {
		out = append(out, f(i))
	}
	return out
}

func round(x float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(x*p) / p
}

func day(i int) string {
	return time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i).Format("2006-01-02")
}

func month(i int) string {
	return time.Date(2023, time.Month(1+i), 1, 0, 0, 0, 0, time.UTC).Format("2006-01")
}

var months = []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}

var carriers = []string{"United Air Lines Inc.", "JetBlue Airways", "ExpressJet Airlines Inc.", "Delta Air Lines Inc.", "American Airlines Inc.", "Envoy Air", "US Airways Inc.", "Endeavor Air Inc.", "Southwest Airlines Co.", "Virgin America", "AirTran Airways Corporation", "Alaska Airlines Inc.", "Frontier Airlines Inc.", "Mesa Airlines Inc.", "Hawaiian Airlines Inc.", "SkyWest Airlines Inc."}

var flights = []float64{58665, 54635, 54173, 48110, 32729, 26397, 20536, 18460, 12275, 5162, 3260, 714, 685, 601, 342, 32}

// samples are the tables of the goldens, of demo data and made up.
func samples() []sample {
	r := rand.New(rand.NewPCG(1, 2))
	all := append(barSamples(r), timeSamples(r)...)
	all = append(all, twoSamples(r)...)
	all = append(all, cloudSamples(r)...)
	return append(all, oddSamples(r)...)
}

func barSamples(r *rand.Rand) []sample {
	return []sample{
		{"bar_origins", chart.Bar, table(cols("origin:string", "count:integer"), "LGA|104662\nJFK|111279\nEWR|120835"), q("number of flights by origin")},
		{"bar_carriers_named", chart.Bar, chart.Table{Columns: cols("name:string:::: Airline", "count:integer"), Rows: rows(16, func(i int) []any { return []any{carriers[i], flights[i]} })}, titled("Flights for each airline", "")},
		{"bar_carrier_codes", chart.Bar, table(cols("carrier:string", "avg_arr_delay:number:minutes"), "AA|0.36\nAS|-9.93\nB6|9.46\nDL|1.64\nEV|15.8\nF9|21.92\nFL|20.12\nHA|-6.92\nMQ|10.77\nUA|3.56\nUS|2.13\nVX|1.76\nWN|9.65"), q("average arrival delay by carrier")},
		{"bar_top10_sorted", chart.Bar, table(cols("dest:string", "flights:integer"), "ORD|17283\nATL|17215\nLAX|16174\nBOS|15508\nMCO|14082\nCLT|14064\nSFO|13331\nFLL|12055\nMIA|11728\nDCA|9705"), q("top 10 destinations by number of flights")},
		{"bar_lowest_sorted", chart.Bar, table(cols("dest:string", "flights:integer"), "LEX|1\nLGA|1\nANC|8\nSBN|10\nHDN|15\nMTJ|15"), q("the destinations with the fewest flights")},
		{"bar_hundred_categories", chart.Bar, chart.Table{Columns: cols("city:string", "revenue:number:EUR:measure:yes"), Rows: rows(100, func(i int) []any {
			return []any{fmt.Sprintf("City %02d", (i*37)%100), round(250000/float64(1+(i*37)%100)+r.Float64()*900, 2)}
		})}, q("revenue by city")},
		{"bar_hundred_averages", chart.Bar, chart.Table{Columns: cols("city:string", "avg_price:number:USD"), Rows: rows(100, func(i int) []any { return []any{fmt.Sprintf("City %02d", (i*37)%100), round(20+r.Float64()*80, 2)} })}, q("average price by city")},
		{"bar_long_names", chart.Bar, table(cols("department_of_the_organisation:string", "headcount:integer"), "Office of the Chief Information Security and Data Protection Officer|14\nCustomer Success, Onboarding and Professional Services (Europe, Middle East and Africa)|87\nResearch|41\nLegal, Compliance, Procurement and Corporate Affairs|23\nField Operations and Logistics of the Northern Distribution Centre|135"), q("headcount by department")},
		{"bar_unicode", chart.Bar, table(cols("城市:string", "人口:integer"), "東京|13960000\n大阪|2691000\nKöln|1086000\nSão Paulo|12330000\nМосква|12506000\nالقاهرة|9540000\nΑθήνα|664000"), chart.Hints{}},
		{"bar_negative_profit", chart.Bar, table(cols("region:string", "profit:number:USD:measure:yes"), "North|125000\nSouth|-43000\nEast|81000\nWest|-12500\nCentral|3000"), q("profit by region")},
		{"bar_all_negative", chart.Bar, table(cols("account:string", "balance:number:GBP:measure"), "A-100|-1200.5\nA-200|-300\nA-300|-45.25"), q("balance of each account")},
		{"bar_weekdays", chart.Bar, table(cols("weekday:string", "visits:integer"), "Wednesday|1830\nMonday|2210\nSunday|640\nTuesday|1975\nFriday|1702\nSaturday|811\nThursday|1764"), q("visits by weekday")},
		{"bar_sizes", chart.Bar, table(cols("size:string", "units_sold:integer"), "XL|310\nS|425\nM|980\nXXL|95\nL|720\nXS|120"), q("units sold by size")},
		{"bar_age_bands", chart.Bar, table(cols("age_group:string", "customers:integer"), "65+|880\n18-24|1240\n35-44|2890\n25-34|3310\n45-54|2105\n55-64|1400\n<18|60"), q("customers by age group")},
		{"bar_ratings", chart.Bar, table(cols("rating:integer", "reviews:integer"), "5|4120\n4|2300\n3|800\n2|310\n1|540"), q("number of reviews for each rating")},
		{"bar_likert", chart.Bar, table(cols("answer:string", "respondents:integer"), "Agree|212\nStrongly agree|98\nNeutral|140\nDisagree|77\nStrongly disagree|31"), q("respondents by answer")},
		{"bar_percent", chart.Bar, table(cols("carrier:string", "pct_delayed:number:%"), "AA|31.9\nB6|42.2\nDL|33.3\nEV|45.9\nUA|47.1\nUS|23.9\nWN|54.3"), q("percentage of delayed flights by carrier")},
		{"bar_ratio", chart.Bar, table(cols("channel:string", "conversion_rate:number:ratio"), "Email|0.0421\nSearch|0.0315\nSocial|0.0122\nDirect|0.0533\nAffiliate|0.0204"), q("conversion rate by channel")},
		{"bar_years", chart.Bar, table(cols("year:integer", "revenue:number:USD::yes"), "2021|1200000\n2022|1550000\n2023|1725000"), q("revenue by year")},
		{"bar_boolean", chart.Bar, table(cols("is_member:boolean", "orders:integer"), "true|5210\nfalse|8740"), q("orders by membership")},
		{"bar_null_category", chart.Bar, table(cols("segment:string", "sales:number:USD::yes"), "Retail|120300\n|45000\nWholesale|98000\nOnline|143500"), q("sales by segment")},
		{"bar_null_amount", chart.Bar, table(cols("team:string", "score:number"), "Red|12.5\nBlue|\nGreen|9\nYellow|"), q("score of each team")},
		{"bar_count_of_rows", chart.Bar, chart.Table{Columns: cols("status:string"), Rows: rows(240, func(i int) []any { return []any{[]string{"open", "closed", "closed", "waiting", "closed"}[i%5]} })}, q("how many tickets are in each status")},
		{"bar_raw_sums", chart.Bar, chart.Table{Columns: cols("region:string", "amount:number:EUR::yes"), Rows: rows(12, func(i int) []any { return []any{[]string{"North", "South", "East"}[i%3], float64(100 + i*7)} })}, q("total amount by region")},
		{"bar_all_same", chart.Bar, table(cols("machine:string", "errors:integer"), "m1|0\nm2|0\nm3|0\nm4|0"), q("errors by machine")},
		{"bar_tiny_numbers", chart.Bar, table(cols("sample:string", "concentration:number:mol/l"), "a|0.00000012\nb|0.00000045\nc|0.00000031"), q("concentration by sample")},
		{"bar_billions", chart.Bar, table(cols("country:string", "gdp:number:USD"), "United States|25462700000000\nChina|17963200000000\nJapan|4231100000000\nGermany|4072200000000\nIndia|3385100000000"), q("gdp by country")},
		{"bar_one_row", chart.BigNumber, table(cols("origin:string", "flights:integer"), "EWR|120835"), q("which airport has the most flights")},
		{"bar_injected_names", chart.Bar, table(cols("na.me[0]:string", `it's "x":integer`), "<script>alert(1)</script>|5\n\\'];drop|8\n${x}|2"), chart.Hints{}},
		{"pie_share", chart.Pie, table(cols("device:string", "sessions:integer"), "Mobile|58200\nDesktop|33100\nTablet|6400\nTV|2300"), q("share of sessions by device")},
		{"pie_two", chart.Pie, table(cols("answer:string", "votes:integer"), "Yes|612\nNo|388"), q("pie chart of votes by answer")},
		{"pie_refused_many", chart.Bar, table(cols("country:string", "orders:integer"), "DE|420\nFR|310\nIT|220\nES|180\nNL|90\nBE|60\nAT|55\nPL|50\nSE|40"), q("pie chart of orders by country")},
		{"share_many_parts", chart.Bar, table(cols("category:string", "revenue:number:EUR::yes"), "Bikes|52000\nHelmets|12000\nGloves|5000\nLights|8000\nLocks|9500\nTyres|15000\nPumps|3300\nBags|7100"), q("share of revenue by category")},
	}
}

func timeSamples(r *rand.Rand) []sample {
	walk := 100.0
	return []sample{
		{"line_months", chart.Line, chart.Table{Columns: cols("month:string", "revenue:number:USD::yes"), Rows: rows(18, func(i int) []any { return []any{month(i), round(82000+4000*float64(i)+9000*math.Sin(float64(i)), 2)} })}, q("revenue by month")},
		{"line_month_numbers", chart.Line, table(cols("month:integer", "count:integer"), "1|27004\n2|24951\n3|28834\n4|28330\n5|28796\n6|28243\n7|29425\n8|29327\n9|27574\n10|28889\n11|27268\n12|28135"), q("number of flights by month")},
		{"line_month_names", chart.Line, chart.Table{Columns: cols("month:string", "avg_temp:number:°F"), Rows: rows(12, func(i int) []any {
			return []any{months[(i*5)%12], round(54-22*math.Cos(float64((i*5)%12)/12*2*math.Pi), 1)}
		})}, q("average temperature by month")},
		{"line_days", chart.Line, chart.Table{Columns: cols("date:date", "flights:integer"), Rows: rows(365, func(i int) []any { return []any{day(i), float64(880 + i%7*20 - pickInt(i%7 == 5, 260, 0))} })}, q("flights per day")},
		{"line_timestamps", chart.Line, chart.Table{Columns: cols("at:timestamp", "load:number"), Rows: rows(96, func(i int) []any {
			return []any{time.Date(2024, 5, 3, 0, 15*i, 0, 0, time.UTC).Format("2006-01-02T15:04:05Z"), round(40+30*math.Sin(float64(i)/10)+r.Float64()*5, 1)}
		})}, q("load over time")},
		{"line_years_long", chart.Line, chart.Table{Columns: cols("year:integer", "population:integer"), Rows: rows(60, func(i int) []any { return []any{float64(1960 + i), math.Round(3.03e9 * math.Pow(1.0165, float64(i)))} })}, q("population over the years")},
		{"line_quarters", chart.Line, chart.Table{Columns: cols("quarter:string", "bookings:number:EUR::yes"), Rows: rows(12, func(i int) []any {
			return []any{fmt.Sprintf("%d-Q%d", 2021+i/4, i%4+1), float64(410000 + 23000*i - 60000*(i%4))}
		})}, q("bookings by quarter")},
		{"line_hours", chart.Line, chart.Table{Columns: cols("hour:integer", "avg_dep_delay:number:minutes"), Rows: rows(19, func(i int) []any { return []any{float64(5 + i), round(0.5+1.3*float64(i)+r.Float64()*2, 1)} })}, q("average departure delay by hour")},
		{"line_with_gap", chart.Line, table(cols("day:date", "temperature:number:°C"), "2024-01-01|3.1\n2024-01-02|2.4\n2024-01-03|\n2024-01-04|\n2024-01-05|4.8\n2024-01-06|5.2\n2024-01-07|4.4\n2024-01-08|3.9"), q("temperature by day")},
		{"line_negative", chart.Line, chart.Table{Columns: cols("month:date", "net_flow:number:USD::yes"), Rows: rows(14, func(i int) []any { return []any{month(i) + "-01", round(40000*math.Sin(float64(i)/2), 0)} })}, q("net flow by month")},
		{"line_high_offset", chart.Line, chart.Table{Columns: cols("date:date", "close_price:number:USD"), Rows: rows(60, func(i int) []any { walk += r.Float64()*3 - 1.4; return []any{day(i), round(walk, 2)} })}, q("price over time")},
		{"line_too_many_points", chart.Line, chart.Table{Columns: cols("at:timestamp", "requests:integer"), Rows: rows(5000, func(i int) []any {
			return []any{time.Date(2024, 1, 1, i, 0, 0, 0, time.UTC).Format("2006-01-02T15:04:05Z"), float64(500 + 300*(i%24)/24 + i/20)}
		})}, q("requests over time")},
		{"line_unsorted_dates", chart.Line, table(cols("order_date:date", "orders:integer"), "2024-03-05|9\n2024-03-01|4\n2024-03-04|7\n2024-03-02|5\n2024-03-03|6"), q("orders by day")},
		{"area_cumulative", chart.Area, chart.Table{Columns: cols("month:string", "cumulative_signups:integer"), Rows: rows(24, func(i int) []any { return []any{month(i), float64(120*i + 7*i*i)} })}, q("cumulative signups by month as an area chart")},
		{"bar_three_dates", chart.Bar, table(cols("month:string", "orders:integer"), "2024-01|1200\n2024-02|1350\n2024-03|1290"), q("orders by month")},
		{"multi_line_origins", chart.MultiLine, chart.Table{Columns: cols("month:string", "origin:string", "count:integer"), Rows: rows(36, func(i int) []any {
			return []any{month(i / 3), []string{"EWR", "JFK", "LGA"}[i%3], float64(8000 + 900*(i%3) + 400*(i/3%5))}
		})}, q("number of flights by month and origin")},
		{"multi_line_many_series", chart.MultiLine, chart.Table{Columns: cols("year:integer", "product:string", "units:integer"), Rows: rows(140, func(i int) []any {
			return []any{float64(2014 + i/14), fmt.Sprintf("Product %c", 'A'+i%14), float64(1000/(1+i%14) + i/14*(14-i%14)*3)}
		})}, q("units by year and product")},
		{"multi_line_folded", chart.MultiLine, chart.Table{Columns: cols("month:string", "revenue:number:USD::yes", "cost:number:USD::yes"), Rows: rows(12, func(i int) []any {
			return []any{month(i), float64(90000 + 4100*i), float64(70000 + 2500*i + 3000*(i%3))}
		})}, q("revenue and cost by month")},
		{"facet_two_units", chart.Facet, chart.Table{Columns: cols("month:string", "revenue:number:USD::yes", "avg_rating:number"), Rows: rows(12, func(i int) []any { return []any{month(i), float64(90000 + 4100*i), round(3.9+0.05*float64(i%5), 2)} })}, q("revenue and average rating by month")},
		{"area_stacked_share", chart.Area, chart.Table{Columns: cols("month:string", "source:string", "visits:integer"), Rows: rows(48, func(i int) []any {
			return []any{month(i / 4), []string{"Search", "Direct", "Social", "Email"}[i%4], float64(4000/(1+i%4) + 120*(i/4))}
		})}, q("breakdown of visits by source over time")},
		{"stacked_years", chart.StackedBar, table(cols("year:integer", "status:string", "orders:integer"), "2022|Delivered|800\n2022|Returned|90\n2022|Cancelled|60\n2023|Delivered|1050\n2023|Returned|130\n2023|Cancelled|40\n2024|Delivered|1310\n2024|Returned|150\n2024|Cancelled|55"), q("stacked bar of orders by year and status")},
	}
}

func pickInt(is bool, yes, no int) int {
	if is {
		return yes
	}
	return no
}

func twoSamples(r *rand.Rand) []sample {
	days := []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
	return []sample{
		{"grouped_origin_season", chart.GroupedBar, table(cols("origin:string", "season:string", "flights:integer"), "EWR|Winter|28000\nEWR|Summer|31200\nJFK|Winter|26100\nJFK|Summer|30100\nLGA|Winter|24700\nLGA|Summer|26800"), q("flights by origin and season")},
		{"grouped_compare", chart.GroupedBar, table(cols("region:string", "year:string", "revenue:number:EUR::yes"), "North|FY23|120000\nNorth|FY24|138000\nSouth|FY23|99000\nSouth|FY24|91000\nEast|FY23|64000\nEast|FY24|83000\nWest|FY23|101000\nWest|FY24|104000"), q("compare revenue by region and year")},
		{"grouped_folded_delays", chart.GroupedBar, table(cols("carrier:string", "avg_dep_delay:number:minutes", "avg_arr_delay:number:minutes"), "AA|8.6|0.4\nB6|13|9.5\nDL|9.3|1.6\nEV|20|15.8\nMQ|10.6|10.8\nUA|12.1|3.6\nUS|3.8|2.1"), q("average departure and arrival delay by carrier")},
		{"grouped_long_names", chart.GroupedBar, table(cols("airline:string", "origin:string", "flights:integer"), "United Air Lines Inc.|EWR|46087\nUnited Air Lines Inc.|JFK|4534\nUnited Air Lines Inc.|LGA|8044\nJetBlue Airways|EWR|6557\nJetBlue Airways|JFK|42076\nJetBlue Airways|LGA|6002\nDelta Air Lines Inc.|EWR|4342\nDelta Air Lines Inc.|JFK|20701\nDelta Air Lines Inc.|LGA|23067\nExpressJet Airlines Inc.|EWR|43939\nExpressJet Airlines Inc.|JFK|1408\nExpressJet Airlines Inc.|LGA|8826"), q("flights by airline and origin")},
		{"stacked_breakdown", chart.StackedBar, table(cols("department:string", "level:string", "headcount:integer"), "Sales|Junior|40\nSales|Senior|25\nSales|Lead|6\nEngineering|Junior|55\nEngineering|Senior|70\nEngineering|Lead|14\nSupport|Junior|33\nSupport|Senior|12\nSupport|Lead|3\nFinance|Junior|8\nFinance|Senior|9\nFinance|Lead|2"), q("breakdown of headcount by department and level")},
		{"stacked_quarters", chart.StackedBar, table(cols("quarter:string", "plan:string", "mrr:number:USD::yes"), "Q1|Free|0\nQ1|Pro|21000\nQ1|Enterprise|40000\nQ2|Free|0\nQ2|Pro|24500\nQ2|Enterprise|52000\nQ3|Free|0\nQ3|Pro|29000\nQ3|Enterprise|61000\nQ4|Free|0\nQ4|Pro|31000\nQ4|Enterprise|77000"), q("composition of mrr by quarter and plan")},
		{"heat_weekday_hour", chart.HeatMap, chart.Table{Columns: cols("weekday:string", "hour:integer", "orders:integer"), Rows: rows(168, func(i int) []any {
			return []any{days[i/24], float64(i % 24), math.Round(60 + 50*math.Sin(float64(i%24-6)/24*2*math.Pi) + 10*r.Float64() + float64(pickInt(i/24 > 4, 20, 0)))}
		})}, q("orders by weekday and hour")},
		{"heat_correlation", chart.HeatMap, table(cols("metric_a:string", "metric_b:string", "correlation:number"), "price|price|1\nprice|rating|0.21\nprice|sales|-0.64\nprice|returns|0.12\nrating|price|0.21\nrating|rating|1\nrating|sales|0.48\nrating|returns|-0.71\nsales|price|-0.64\nsales|rating|0.48\nsales|sales|1\nsales|returns|-0.33\nreturns|price|0.12\nreturns|rating|-0.71\nreturns|sales|-0.33\nreturns|returns|1"), q("heat map of correlation")},
		{"heat_many_by_many", chart.HeatMap, chart.Table{Columns: cols("carrier:string", "dest:string", "flights:integer"), Rows: rows(12*9, func(i int) []any {
			return []any{[]string{"AA", "B6", "DL", "EV", "MQ", "UA", "US", "WN", "9E", "FL", "VX", "AS"}[i/9], []string{"ATL", "BOS", "CLT", "DCA", "FLL", "LAX", "MCO", "ORD", "SFO"}[i%9], math.Round(3000 * r.Float64() * r.Float64())}
		})}, q("flights by carrier and destination")},
		{"heat_months_years", chart.HeatMap, chart.Table{Columns: cols("year:integer", "month:string", "rainfall:number:mm"), Rows: rows(120, func(i int) []any {
			return []any{float64(2014 + i/12), months[i%12], round(60+35*math.Cos(float64(i%12)/12*2*math.Pi)+25*r.Float64(), 0)}
		})}, q("rainfall by year and month")},
		{"facet_three_dims", chart.Facet, chart.Table{Columns: cols("month:string", "origin:string", "season_pass:string", "trips:integer"), Rows: rows(72, func(i int) []any {
			return []any{month(i / 6), []string{"EWR", "JFK", "LGA"}[i%3], []string{"with pass", "without pass"}[i/3%2], float64(500 + 70*(i%3) + 150*(i/3%2) + 20*(i/6))}
		})}, q("trips by month, origin and pass")},
		{"facet_asked", chart.Facet, chart.Table{Columns: cols("month:string", "region:string", "sales:number:USD::yes"), Rows: rows(72, func(i int) []any {
			return []any{month(i / 6), []string{"Europe", "Asia", "Africa", "North America", "South America", "Oceania"}[i%6], float64(9000 + 2500*(i%6) + 300*(i/6)*(i%4))}
		})}, q("small multiples of sales by month and region")},
		{"dark_multi_line", chart.MultiLine, chart.Table{Columns: cols("month:string", "origin:string", "count:integer"), Rows: rows(36, func(i int) []any {
			return []any{month(i / 3), []string{"EWR", "JFK", "LGA"}[i%3], float64(8000 + 900*(i%3) + 400*(i/3%5))}
		})}, chart.Hints{Question: "flights by month and origin", Dark: true}},
		{"dark_heat", chart.HeatMap, chart.Table{Columns: cols("weekday:string", "shift:string", "incidents:integer"), Rows: rows(28, func(i int) []any {
			return []any{days[i/4], []string{"Morning", "Afternoon", "Evening", "Night"}[i%4], float64((i*7)%23 + 1)}
		})}, chart.Hints{Question: "heat map of incidents by weekday and shift", Dark: true}},
		{"dark_bar", chart.Bar, table(cols("origin:string", "count:integer"), "LGA|104662\nJFK|111279\nEWR|120835"), chart.Hints{Question: "flights by origin", Dark: true}},
	}
}

func cloudSamples(r *rand.Rand) []sample {
	return []sample{
		{"scatter_planes", chart.Scatter, chart.Table{Columns: cols("seats:integer", "range_km:number:km"), Rows: rows(120, func(int) []any {
			s := math.Round(20 + 300*r.Float64())
			return []any{s, round(900+28*s+2200*r.Float64(), 0)}
		})}, q("range against seats")},
		{"scatter_named_points", chart.Scatter, table(cols("city:string", "median_rent:number:USD", "median_income:number:USD"), "Boston|2800|79000\nChicago|1900|65000\nDallas|1650|58000\nDenver|2050|72000\nMiami|2400|48000\nNew York|3200|67000\nSeattle|2500|98000\nDetroit|1050|34000\nPhoenix|1500|61500\nAtlanta|1750|70000"), q("relationship between rent and income")},
		{"scatter_colored", chart.Scatter, chart.Table{Columns: cols("bill_length_mm:number:mm", "bill_depth_mm:number:mm", "species:string"), Rows: rows(90, func(i int) []any {
			k := i % 3
			return []any{round([]float64{38.8, 48.8, 47.5}[k]+3*r.NormFloat64(), 1), round([]float64{18.3, 18.4, 15}[k]+r.NormFloat64(), 1), []string{"Adelie", "Chinstrap", "Gentoo"}[k]}
		})}, q("bill length versus bill depth by species")},
		{"scatter_binned", chart.Scatter, chart.Table{Columns: cols("distance:integer:miles", "air_time:integer:minutes"), Rows: rows(9000, func(int) []any {
			d := math.Round(100 + 2500*r.Float64()*r.Float64())
			return []any{d, math.Round(18 + d/7.2 + 14*r.NormFloat64()*r.Float64())}
		})}, q("scatter plot of air time against distance")},
		{"bubble_countries", chart.Bubble, table(cols("country:string", "gdp_per_capita:number:USD", "life_expectancy:number:years", "population:integer"), "Norway|82000|83.2|5400000\nIndia|2300|69.7|1408000000\nBrazil|7500|75.3|214000000\nJapan|39300|84.5|125700000\nNigeria|2080|53|213000000\nGermany|51200|81|83200000\nChina|12500|78.2|1412000000\nUSA|70200|77|331900000"), q("bubble chart of life expectancy against gdp per capita with population")},
		{"histogram_delays", chart.Histogram, chart.Table{Columns: cols("dep_delay:integer:minutes"), Rows: rows(1500, func(int) []any { return []any{math.Round(-5 + 12*r.ExpFloat64() - 4*r.Float64())} })}, q("distribution of departure delay")},
		{"histogram_dice", chart.Histogram, chart.Table{Columns: cols("eyes:integer"), Rows: rows(120, func(int) []any { return []any{float64(r.IntN(6) + r.IntN(6) + 2)} })}, q("histogram of eyes")},
		{"histogram_prices", chart.Histogram, chart.Table{Columns: cols("price:number:EUR"), Rows: rows(400, func(int) []any { return []any{round(math.Exp(3+0.5*r.NormFloat64()), 2)} })}, q("how are prices distributed")},
		{"histogram_all_same", chart.Histogram, chart.Table{Columns: cols("temperature:number:°C"), Rows: rows(40, func(int) []any { return []any{21.5} })}, q("distribution of temperature")},
		{"box_delays", chart.Box, chart.Table{Columns: cols("origin:string", "dep_delay:integer:minutes"), Rows: rows(300, func(i int) []any {
			return []any{[]string{"EWR", "JFK", "LGA"}[i%3], math.Round(-5 + float64(10+4*(i%3))*r.ExpFloat64())}
		})}, q("distribution of departure delay by origin")},
		{"box_long_names", chart.Box, chart.Table{Columns: cols("airline:string", "arr_delay:integer:minutes"), Rows: rows(400, func(i int) []any { return []any{carriers[i%10], math.Round(float64(i%10) + 20*r.NormFloat64())} })}, q("spread of arrival delay by airline")},
		{"box_ordered", chart.Box, chart.Table{Columns: cols("class:integer", "price:number:USD"), Rows: rows(150, func(i int) []any { return []any{float64(i%3 + 1), round(float64(90-25*(i%3))*(0.6+r.Float64()), 2)} })}, q("how does price vary by class")},
	}
}

func oddSamples(r *rand.Rand) []sample {
	partial := table(cols("carrier:string", "flights:integer"), "UA|58665\nB6|54635\nEV|54173\nDL|48110")
	partial.Partial = "the first 4 of 16 rows of the result are drawn"
	return []sample{
		{"number_count", chart.BigNumber, table(cols("count:integer"), "336776"), titled("Number of flights", "how many flights are there")},
		{"number_money", chart.BigNumber, table(cols("total_revenue:number:USD"), "1234567.891"), q("total revenue")},
		{"number_several", chart.BigNumber, table(cols("orders:integer", "revenue:number:EUR", "return_rate:number:ratio"), "48211|2913004.5|0.0831"), q("orders, revenue and return rate")},
		{"number_negative_percent", chart.BigNumber, table(cols("growth_pct:number:%"), "-4.25"), q("growth")},
		{"number_null", chart.BigNumber, chart.Table{Columns: cols("avg_delay:number:minutes"), Rows: [][]any{{nil}}}, q("average delay")},
		{"number_long_title", chart.BigNumber, table(cols("average_number_of_minutes_between_departure_and_arrival_of_all_flights:number:minutes"), "150.68646"), q("")},
		{"partial_result", chart.Bar, partial, q("flights by carrier")},
		{"very_long_title", chart.Bar, table(cols("origin:string", "count:integer"), "LGA|104662\nJFK|111279\nEWR|120835"), titled("Number of flights that left one of the three airports of New York City in the year 2013, cancelled ones included, for each airport of departure and without regard to the carrier", "")},
		{"two_names_of_one_thing", chart.Bar, table(cols("carrier:string", "name:string", "flights:integer"), "UA|United Air Lines Inc.|58665\nB6|JetBlue Airways|54635\nDL|Delta Air Lines Inc.|48110\nAA|American Airlines Inc.|32729"), q("flights by carrier with its name")},
		{"ids_are_no_amounts", chart.Bar, table(cols("customer_id:integer", "orders:integer"), "1041|12\n2210|31\n877|9\n5120|22"), q("orders by customer")},
		{"list_of_rows", chart.Scatter, chart.Table{Columns: cols("name:string", "latitude:number", "longitude:number", "altitude:integer:feet"), Rows: rows(60, func(i int) []any {
			return []any{fmt.Sprintf("Airport %02d", i), round(25+22*r.Float64(), 3), round(-122+50*r.Float64(), 3), math.Round(6000 * r.Float64() * r.Float64())}
		})}, q("scatter of latitude and longitude of airports")},
		{"dot_months_and_wide", chart.GroupedBar, table(cols("quarter:string", "online:number:USD", "retail:number:USD", "wholesale:number:USD"), "Q1|120000|98000|45000\nQ2|131000|91000|52000\nQ3|140500|95500|50000\nQ4|171000|120000|61000"), q("sales by quarter")},
		{"intent_lying_bar", chart.Bar, table(cols("origin:string", "count:integer", "avg_delay:number:minutes"), "LGA|104662|10.3\nJFK|111279|12.1\nEWR|120835|15.1"), chart.Hints{Intent: chart.Intent{Kind: chart.Bar, X: "origin", Y: "avg_delay", Title: "Average delay"}}},
		{"intent_series", chart.StackedBar, table(cols("region:string", "kind:string", "n:integer"), "N|a|3\nN|b|4\nS|a|5\nS|b|1"), chart.Hints{Intent: chart.Intent{Kind: chart.StackedBar, X: "region", Y: "n", Color: "kind"}}},
	}
}
