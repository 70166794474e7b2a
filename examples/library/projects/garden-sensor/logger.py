"""Read moisture values from the serial port, append them to readings.csv and water the beds that are dry."""

import csv
import time

DRY_PERCENT = 22
WATER_SECONDS = 180


def should_water(history, now_hour):
    """Water in the early morning only, and only when the last three values are all dry."""
    return now_hour < 8 and len(history) >= 3 and all(value < DRY_PERCENT for value in history[-3:])


def follow(port, valve, path="readings.csv"):
    histories = {}
    for line in port:
        bed, value = line.decode().split(",")
        history = histories.setdefault(bed, [])
        history.append(float(value))
        with open(path, "a", newline="") as file:
            csv.writer(file).writerow([time.strftime("%Y-%m-%dT%H:%M"), bed, value.strip()])
        if should_water(history, time.localtime().tm_hour):
            valve.open(bed, WATER_SECONDS)
