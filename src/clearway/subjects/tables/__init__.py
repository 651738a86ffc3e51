"""Region tables as CSV files, read by `clearway.subjects.regions`.

`regions-cn-demo.csv` has the root and the province level of GB/T 2260 whole, and a sample of cities, districts and
re-codings below; changes are dated to the first day of their year. `regions-us.csv` has the states, the federal
district and the territories by their postal codes.
"""
