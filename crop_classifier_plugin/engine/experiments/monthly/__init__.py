"""One VUnetConvLSTM for all months beside twelve UnetConvLSTMs, on simulated radar over real parcels."""
