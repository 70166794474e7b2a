// Measures the capacity of the probe, sends it by radio, sleeps for half an hour.
const int PROBE = A0;
const int POWER = 7;

void setup() { pinMode(POWER, OUTPUT); radioBegin(868E6); }

void loop() {
  digitalWrite(POWER, HIGH);
  delay(50);
  int raw = analogRead(PROBE);
  digitalWrite(POWER, LOW);
  radioSend(map(raw, 820, 360, 0, 100));
  deepSleepMinutes(30);
}
